"""What somebody who reads an iSCSI disk feels while it is copied."""

import contextlib
import functools
import os
import statistics

from harness import data, rooms, stats, targets, verify
from harness.model import Case, Variant
from harness.scenario import Scenario

_GIB = 1 << 30


class TargetLatency(Scenario):
    name = "target-latency"
    title = "Reads of an iSCSI disk while it is copied"
    goal = "99% of the reads wait at most twice as long as with an idle target"
    bound = "the processors, which the initiator that copies uses, too"

    def run(self, lab):
        size = lab.pick(10 * _GIB, _GIB // 8)
        seconds = lab.pick("10", "0.5")
        with rooms.on_disk("xfs", size + size // 4, lab.settings.disk) as room, contextlib.ExitStack() as serving:
            # In memory: the target is measured, not the disk below.
            rooms.check_memory(size)
            src, dst = room / "source", room / "copy"
            data.write(src, size)
            with open(dst, "wb") as empty:
                empty.truncate(size)
            words = targets.serve_ours(lab, serving, [src, dst])
            paced = ("{iscsi_load}", "{ours_0}", "paced", "4096", seconds)
            copying = ("qemu-img", "convert", "-n", "-C", "-f", "raw", "-O", "raw", "{ours_0}", "{ours_1}")
            result = lab.survey(Case(
                name="xfs", work=f"4 KiB, one read a millisecond, of a disk of {size >> 20} MiB", place=room.description,
                cache="warm", src=src, dst=dst, size=size, words=words, stays=True,
                subject=Variant("idle", (paced,)), peers=[Variant("copying", (paced + copying,))],
                verify=functools.partial(self._check, src, dst), observe=self._observe), lab.settings.pairs)
            self._judge(result)
            yield result

    def _check(self, src, dst):
        if os.stat(dst).st_blocks > 0:
            verify.same_content(src, dst)

    def _observe(self, _one, cost):
        latencies = [int(line) / 1e6 for line in cost.output.split()]
        return {"reads": len(latencies), "p50_ms": stats.quantile(latencies, 0.5),
                "p99_ms": stats.quantile(latencies, 0.99), "max_ms": max(latencies)}

    def _judge(self, result):
        p99 = {}
        for name in ("idle", "copying"):
            p50, p99[name], longest = (statistics.median(result.values(name, field))
                                       for field in ("p50_ms", "p99_ms", "max_ms"))
            result.notes.append(f"{name}: latency of a read, median of the samples: p50 {p50:.3f} ms, "
                                f"p99 {p99[name]:.3f} ms, longest {longest:.1f} ms")
        result.goal_at_most(p99["copying"] / p99["idle"], 2, "times", "p99 of the reads, against an idle target")


SCENARIO = TargetLatency()
