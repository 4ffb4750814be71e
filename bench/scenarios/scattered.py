"""Many small ranges in one request."""

import functools
import random

from harness import data, peers, rooms, verify
from harness.model import Case, variant
from harness.scenario import Scenario

_BLOCK = 4096
_STRIDE = 4 * _BLOCK  # room between two ranges: nothing can be joined
# XFS sets aside several blocks for the tree of extents with each block that has no neighbour, until it is written back: with
# less room it would flush, and wait, in the middle.
_ROOM = 4


class Scattered(Scenario):
    name = "scattered"
    title = "Scattered 4 KiB ranges, one request"
    goal = "at least 2 times the hand-written loop over copy_file_range"
    bound = "the file system's cost of a small write (ext4) or of a small clone (XFS)"

    def run(self, lab):
        count = lab.pick(100_000, 2_000)
        for kind in ("ext4", "xfs"):
            size = count * _STRIDE
            with rooms.in_memory(kind, _ROOM * size, cached=size + count * _BLOCK) as room:
                data.write(room / "source", size)
                yield self._compare(lab, room, f"{kind} shuffled", shuffled(count))
                yield self._compare(lab, room, f"{kind} ascending", ascending(count))

    def _compare(self, lab, room, name, ranges):
        src, dst, listed = room / "source", room / "copy", room / "ranges"
        write_list(listed, ranges)
        result = lab.compare(Case(
            name=name, work=f"{len(ranges)} ranges of 4 KiB, {name.split()[1]}",
            place=room.description, cache="warm", src=src, dst=dst, size=len(ranges) * _BLOCK,
            fills=len(ranges) * _BLOCK,
            subject=variant("copyfile",
                            "{copyfile} range {src} {dst} --ranges {ranges} --durability=none"),
            peers=[peers.LOOP_RANGES], words={"ranges": listed},
            verify=functools.partial(verify.same_ranges, src, dst, ranges)))
        result.goal_ratio(peers.LOOP_RANGES.name, 2.0, "speed against the loop")
        return result


def ascending(count):
    """Blocks that keep their place, in order: a backup of what changed in an image."""
    return [(i * _STRIDE, i * _STRIDE, _BLOCK) for i in range(count)]


def shuffled(count):
    """Each block goes to another place, and the list is in no order."""
    order = random.Random(7)
    sources, targets = list(range(count)), list(range(count))
    order.shuffle(sources)
    order.shuffle(targets)
    return [(i * _STRIDE, o * _STRIDE, _BLOCK) for i, o in zip(sources, targets)]


def write_list(path, ranges):
    with open(path, "w") as file:
        file.writelines(f"{begin}:{out}:{length}\n" for begin, out, length in ranges)


SCENARIO = Scattered()
