"""What somebody who writes to a file feels while it is cloned."""

import functools
import statistics
import subprocess

from harness import data, kernel, peers, rooms, stats, verify
from harness.model import Case, Goal, variant
from harness.scenario import Scenario

_SECONDS = 60  # no clone of these takes longer


class Writer:
    """bench/peers/writer.c, from before the clone until after it."""

    def __init__(self, program, path):
        self._argv = [program, path, str(_SECONDS)]
        self._process = None

    def start(self):
        self._process = subprocess.Popen(self._argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                         text=True)
        self._process.stdout.readline()

    def stop(self):
        """The latencies of its writes, in milliseconds."""
        said, _ = self._process.communicate()
        if self._process.returncode != 0:
            raise RuntimeError("the writer failed")
        return [int(line) / 1e6 for line in said.split()]


class SourceStall(Scenario):
    name = "source-stall"
    title = "A dirty source that is written to while it is cloned"
    goal = "99% of the writes wait at most half as long as with `cp --reflink=always`"
    bound = "what becomes dirty while the last write-back runs is written back under the lock"

    def run(self, lab):
        size = lab.pick(4 << 30, 64 << 20)
        for kind in ("xfs", "btrfs"):
            # Dirty pages stay dirty until somebody asks: the kernel's own write-back would begin at a tenth of the memory.
            with rooms.in_memory(kind, size + size // 2, cached=size) as room, \
                    kernel.dirty_pages_allowed(2 * size):
                yield self._compare(lab, room, kind, size)

    def _compare(self, lab, room, kind, size):
        src, dst = room / "source", room / "copy"
        data.write(src, size)
        writer = Writer(lab.program("writer"), src)

        def before():
            data.rewrite(src, size)
            writer.start()

        def observe(_one, _cost):
            latencies = writer.stop()
            return {"writes": len(latencies), "p50_ms": stats.quantile(latencies, 0.5),
                    "p99_ms": stats.quantile(latencies, 0.99), "max_ms": max(latencies)}

        result = lab.compare(Case(
            name=kind, work=f"{size >> 20} MiB file, all dirty, 1000 writes a second",
            place=room.description, cache="warm", src=src, dst=dst, size=size,
            subject=variant("copyfile",
                            "{copyfile} --reflink=always --durability=none {src} {dst}"),
            peers=[peers.CP_CLONE], verify=functools.partial(verify.same_size, src, dst),
            before=before, observe=observe))
        self._judge(result)
        return result

    def _judge(self, result):
        medians = {}
        for name in {sample["variant"]: None for sample in result.samples}:
            values = {field: statistics.median(result.values(name, field))
                      for field in ("p50_ms", "p99_ms", "max_ms")}
            medians[name] = values
            result.notes.append(f"{name}: latency of a write, median of the samples: p50 {values['p50_ms']:.2f} ms, "
                                f"p99 {values['p99_ms']:.1f} ms, longest {values['max_ms']:.1f} ms")
        if "cp" in medians:
            share = medians["copyfile"]["p99_ms"] / medians["cp"]["p99_ms"]
            result.goals.append(Goal("p99 of the writes, as a part of cp's", share, 0.5, False,
                                     "times"))


SCENARIO = SourceStall()
