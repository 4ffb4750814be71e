"""Very many ranges that are in fact one."""

import functools
import json

from harness import data, peers, rooms, verify
from harness.model import Case, variant
from harness.scenario import Scenario
from scenarios.scattered import write_list

_BLOCK = 4096


class Adjacent(Scenario):
    name = "adjacent"
    title = "Adjacent 4 KiB ranges, one request"
    goal = "one operation for the file system, planned in less than 0.2 s"
    bound = "reading the list of ranges"

    def run(self, lab):
        count = lab.pick(1_000_000, 20_000)
        size = count * _BLOCK
        with rooms.in_memory("xfs", size + (256 << 20)) as room:
            src, dst, listed = room / "source", room / "copy", room / "ranges"
            data.write(src, size)
            write_list(listed, [(i * _BLOCK, i * _BLOCK, _BLOCK) for i in range(count)])
            result = lab.compare(Case(
                name="xfs", work=f"{count} ranges of 4 KiB, each where the one before ends",
                place=room.description, cache="cold", src=src, dst=dst, size=size,
                subject=variant("copyfile", "{copyfile} range {src} {dst} --ranges {ranges} "
                                "--durability=none --json"),
                peers=[peers.LOOP_RANGES], words={"ranges": listed},
                verify=functools.partial(verify.same_content, src, dst),
                observe=lambda one, cost: reported(cost) if one.name == "copyfile" else {}))
            moved = lab.operations(result.case)
            result.goal_at_most(sum(moved.values()), 1, "operations", "asked of the file system")
            result.notes.append(f"operations that moved data: {moved}")
            yield result


def reported(cost):
    return {"report": json.loads(cost.output or "{}")}


SCENARIO = Adjacent()
