"""Trees that appear whole and survive a power cut."""

import functools

from harness import peers, rooms, verify
from harness.model import Case, variant
from harness.scenario import Scenario
from scenarios.tree_copy import MIB, generated


class TreeOrdered(Scenario):
    name = "tree-ordered"
    title = "A tree, whole or not at all"
    goal = ("at least 15 times faster than `rsync -a --fsync` on the disk and 6 times in memory; "
            "no slower than `cp -a`, then `sync -f`")
    bound = "writing the tree back once; a flush for each file is what is saved"

    def run(self, lab):
        # Not the file system of the disk itself: an ext4 without a journal searches all inodes that were freed in
        # the last minute for each new one, and each round would pay for the removal of the one before it.
        for kind in ("ext4", "xfs"):
            with rooms.on_disk(kind, lab.pick(2048, 512) * MIB, lab.settings.disk) as room:
                yield self._compare(lab, room, f"disk, {kind}", 15, lab.pick(10000, 100), lab.pick(100, 4))
        for kind in ("ext4", "xfs", "btrfs"):
            with rooms.in_memory(kind, lab.pick(2048, 512) * MIB, cached=lab.pick(512, 64) * MIB) as room:
                yield self._compare(lab, room, kind, 6, lab.pick(10000, 100), lab.pick(100, 4))

    def _compare(self, lab, room, name, times, files, directories):
        src, dst = room / "source", room / "copy"
        work, files, size = generated(lab, room, files, directories)
        result = lab.compare(Case(
            name=name, work=work, place=room.description, cache="warm", src=src, dst=dst,
            size=size, fills=size, files=files,
            subject=variant("copyfile", "{copyfile} -a {src} {dst}"),
            peers=[peers.RSYNC_TREE_FSYNC, peers.CP_TREE_SYNC],
            verify=functools.partial(verify.same_trees, src, dst)))
        result.goal_ratio(peers.RSYNC_TREE_FSYNC.name, times, "against rsync -a --fsync")
        result.goal_ratio(peers.CP_TREE_SYNC.name, 1, "against cp -a, then sync -f")
        return result


SCENARIO = TreeOrdered()
