"""Cloning a whole large file."""

import functools

from harness import data, peers, rooms, verify
from harness.model import Case, peak_rss_mib, variant
from harness.scenario import Scenario

_GIB = 1 << 30


class Reflink(Scenario):
    name = "reflink"
    title = "Reflink of a whole file"
    goal = "within 10% of `cp --reflink=always`; memory below 16 MiB"
    bound = "the start of a process; for a file in many pieces, one record of the file system each"

    def run(self, lab):
        for kind in ("xfs", "btrfs"):
            yield self._solid(lab, kind)
            yield self._pieces(lab, kind)

    def _solid(self, lab, kind):
        """All of the file is written; the image is on the disk, as it is too large for memory. A
        clone reads and writes none of it."""
        size = lab.pick(10 * _GIB, _GIB // 4)
        with rooms.on_disk(kind, size + size // 8, lab.settings.disk) as room:
            data.write(room / "source", size)
            return self._compare(lab, room, kind, size, f"{size >> 20} MiB file, all written")

    def _pieces(self, lab, kind):
        """A file that is hard to clone: preallocated, with a written block in each MiB."""
        size = lab.pick(10 * _GIB, _GIB // 4)
        islands = size >> 20
        with rooms.in_memory(kind, size + size // 8, cached=islands * 4096) as room:
            data.write_islands(room / "source", size, islands, 4096, preallocated=True)
            return self._compare(lab, room, f"{kind} pieces", size,
                                 f"{size >> 20} MiB file, preallocated, {islands} written blocks")

    def _compare(self, lab, room, name, size, work):
        src, dst = room / "source", room / "copy"
        result = lab.compare(Case(
            name=name, work=work, place=room.description, cache="cold", src=src, dst=dst, size=size,
            subject=variant("copyfile",
                            "{copyfile} --reflink=always --durability=none {src} {dst}"),
            peers=[peers.CP_CLONE, peers.LOOP],
            verify=functools.partial(verify.shared, src, dst), repeats=1))
        result.goal_ratio("cp", 1 / 1.1, "speed against cp --reflink=always")
        result.goal_at_most(peak_rss_mib(result, "copyfile"), 16, "MiB", "peak memory")
        return result


SCENARIO = Reflink()
