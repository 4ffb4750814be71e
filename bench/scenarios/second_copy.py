"""A second copy of a cached file: the processor copies memory, nothing waits for a disk."""

import functools

from harness import data, peers, rooms, verify
from harness.model import Case, variant
from harness.scenario import Scenario


class SecondCopy(Scenario):
    name = "second-copy"
    title = "A real second copy of a cached file"
    goal = "at least 1.7 times the throughput of `cp --reflink=never`"
    bound = "memory bandwidth and the allocation of page cache pages, by two processors"

    def run(self, lab):
        size = lab.pick(2 << 30, 64 << 20)
        for kind in ("ext4", "xfs"):
            with rooms.in_memory(kind, 2 * size + size // 4, cached=2 * size) as room:
                src, dst = room / "source", room / "copy"
                data.write(src, size)
                result = lab.compare(Case(
                    name=kind, work=f"{size >> 20} MiB file", place=room.description,
                    cache="warm", src=src, dst=dst, size=size, fills=size,
                    subject=variant(
                        "copyfile", "{copyfile} --reflink=never --durability=none {src} {dst}"),
                    peers=self._peers(kind),
                    verify=functools.partial(verify.same_content, src, dst)))
                result.goal_ratio("cp", 1.7, "throughput against cp")
                if kind == "xfs":
                    result.notes.append("no copy_file_range loop here: on XFS it shares blocks, "
                                        "which is no second copy")
                yield result

    def _peers(self, kind):
        loop = [] if kind == "xfs" else [peers.LOOP]
        return [peers.CP_COPY, *loop, peers.DD, peers.RSYNC, peers.QEMU]


SCENARIO = SecondCopy()
