"""A tree that was copied already: finding out that there is nothing to do."""

import functools
import subprocess

from harness import peers, rooms, verify
from harness.model import Case, variant
from harness.scenario import Scenario
from scenarios.tree_copy import MIB, generated


class TreeResume(Scenario):
    name = "tree-resume"
    title = "A tree that is complete already"
    goal = "at least 2 times faster than `rsync -a`"
    bound = "looking at each name on both sides"

    def run(self, lab):
        files, directories = lab.pick(100000, 300), lab.pick(1000, 10)
        for kind in ("ext4", "xfs"):
            with rooms.in_memory(kind, lab.pick(4096, 512) * MIB, cached=lab.pick(1024, 64) * MIB) as room:
                src, dst = room / "source", room / "copy"
                work, _, size = generated(lab, room, files, directories)
                subprocess.run(["cp", "-a", src, dst], check=True)
                result = lab.compare(Case(
                    name=kind, work=f"{work}, all there", place=room.description, cache="warm",
                    src=src, dst=dst, size=size, files=files, stays=True,
                    subject=variant("copyfile", "{copyfile} -a -T --resume {src} {dst}"),
                    peers=[peers.RSYNC_TREE],
                    verify=functools.partial(verify.same_trees, src, dst, every=lab.pick(10, 1))))
                result.goal_ratio("rsync", 2, "against rsync -a")
                yield result


SCENARIO = TreeResume()
