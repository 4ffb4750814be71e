"""Very many ranges that are in fact one."""

import functools
import json
import statistics

from harness import data, peers, rooms, timing, verify
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
                observe=lambda one, cost: planning(one, cost.output)))
            result.goal_at_most(
                statistics.median(result.values("copyfile", "planning_seconds")), 0.2, "s",
                "planning")
            moved = lab.operations(result.case)
            result.goal_at_most(sum(moved.values()), 1, "operations", "asked of the file system")
            result.notes.append(f"operations that moved data: {moved}")
            yield result


def planning(one, output):
    """What the report of `copyfile range --json` says of the time that planning took."""
    if one.name != "copyfile":
        return {}
    found = search(json.loads(output), "planning_seconds")
    if found is None:
        raise timing.CommandFailed("copyfile: its report has no planning_seconds")
    return {"planning_seconds": found}


def search(tree, key):
    """The first value of a key, however deep."""
    if isinstance(tree, dict) and key in tree:
        return tree[key]
    inside = tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else []
    return next((value for value in (search(branch, key) for branch in inside)
                 if value is not None), None)


SCENARIO = Adjacent()
