"""Trees that nobody has read lately, on the disk."""

import functools

from harness import peers, rooms, verify
from harness.model import Case, variant
from harness.scenario import Scenario
from scenarios.tree_copy import MIB, generated, of_system


class TreeCold(Scenario):
    name = "tree-cold"
    title = "A cold tree on the disk"
    goal = "at least 1.3 times faster than `cp -a`"
    bound = "the disk, which has to be asked for many files at a time"

    def run(self, lab):
        for kind in ("ext4", "xfs"):  # of their own: see tree_ordered.py
            with rooms.on_disk(kind, lab.pick(4096, 512) * MIB, lab.settings.disk) as room:
                yield self._compare(lab, room, f"{kind} small files", *generated(
                    lab, room, lab.pick(30000, 100), lab.pick(300, 4)))
            with rooms.on_disk(kind, lab.pick(4096, 512) * MIB, lab.settings.disk) as room:
                yield self._compare(lab, room, f"{kind} system", *of_system(lab, room))

    def _compare(self, lab, room, name, work, files, size):
        src, dst = room / "source", room / "copy"
        result = lab.compare(Case(
            name=name, work=work, place=room.description, cache="cold", src=src, dst=dst,
            size=size, fills=2 * size, files=files,
            subject=variant("copyfile", "{copyfile} -a --durability=none {src} {dst}"),
            peers=[peers.CP_TREE], verify=functools.partial(verify.same_trees, src, dst)))
        result.goal_ratio("cp", 1.3, "against cp -a")
        return result


SCENARIO = TreeCold()
