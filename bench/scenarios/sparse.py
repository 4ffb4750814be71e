"""A huge file of holes with a little data."""

import functools

from harness import data, peers, rooms, verify
from harness.model import Case, allocated, variant
from harness.scenario import Scenario

_ISLANDS = 1000
_ISLAND = 64 << 10


class Sparse(Scenario):
    name = "sparse"
    title = "A sparse file with islands of data"
    goal = "no slower than `cp`; as many blocks allocated as in the source"
    bound = "finding the islands: two seeks each, and the data in them"

    def run(self, lab):
        size = lab.pick(1 << 40, 1 << 36)
        for kind in ("ext4", "xfs"):
            content = _ISLANDS * _ISLAND
            with rooms.in_memory(kind, rooms.SMALLEST, cached=2 * content) as room:
                src, dst = room / "source", room / "copy"
                data.write_islands(src, size, _ISLANDS, _ISLAND)
                result = lab.compare(Case(
                    name=kind, work=f"{size >> 30} GiB file, {_ISLANDS} islands of 64 KiB",
                    place=room.description, cache="cold", src=src, dst=dst, size=content,
                    subject=variant(
                        "copyfile", "{copyfile} --reflink=never --durability=none {src} {dst}"),
                    peers=[peers.CP_COPY],
                    verify=functools.partial(verify.same_content, src, dst),
                    observe=lambda *_: {"allocated": settled(dst)}))
                result.goal_ratio("cp", 1.0, "speed against cp")
                self._weigh(result, settled(src))
                yield result

    def _weigh(self, result, wanted):
        sizes = {name: result.values(name, "allocated") for name in ("copyfile", "cp")}
        off = max(abs(size - wanted) for size in sizes["copyfile"])
        result.goal_at_most(off / 1024, 0, "KiB", "allocated more or less than the source")
        seen = ", ".join(f"{name} {min(some)} to {max(some)}" for name, some in sizes.items() if some)
        result.notes.append(f"allocated: source {wanted}, {seen} bytes")


def settled(path):
    """Allocated bytes once all is written back: until then XFS counts what it reserved ahead."""
    data.make_cold(path)
    return allocated(path)


SCENARIO = Sparse()
