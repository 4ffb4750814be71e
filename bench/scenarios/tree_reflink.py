"""Cloning every file of a tree."""

import os

from harness import peers, rooms, trees, verify
from harness.model import Case, variant
from harness.scenario import Scenario

_MIB = 1 << 20
_FILE = 64 << 10
_LOOKED_AT = 50


class TreeReflink(Scenario):
    name = "tree-reflink"
    title = "A tree of clones"
    goal = "at least 1.5 times faster than `cp -a --reflink=always`"
    bound = "the file system: an inode and a clone for each file"

    def run(self, lab):
        files, directories = lab.pick(20000, 100), lab.pick(200, 4)
        for kind in ("xfs", "btrfs"):
            with rooms.in_memory(kind, lab.pick(3072, 512) * _MIB, cached=lab.pick(512, 64) * _MIB) as room:
                yield self._compare(lab, room, kind, files, directories)

    def _compare(self, lab, room, kind, files, directories):
        src, dst = room / "source", room / "copy"
        size = trees.write(src, directories, files, _FILE)

        def check():
            verify.same_trees(src, dst)
            for path in trees.first_files(src, _LOOKED_AT):
                verify.shared(os.path.join(src, path), os.path.join(dst, path))

        result = lab.compare(Case(
            name=kind, work=f"{files} files of 64 KiB in {directories} directories",
            place=room.description, cache="warm", src=src, dst=dst, size=size, files=files,
            subject=variant("copyfile",
                            "{copyfile} -a --reflink=always --durability=none {src} {dst}"),
            peers=[peers.CP_TREE_CLONE], verify=check))
        result.goal_ratio(peers.CP_TREE_CLONE.name, 1.5, "against cp -a --reflink=always")
        return result


SCENARIO = TreeReflink()
