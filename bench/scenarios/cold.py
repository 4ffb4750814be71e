"""A large file that is not cached, copied until it is on stable storage."""

import functools
import statistics

from harness import data, peers, rooms, verify
from harness.model import Case, variant
from harness.scenario import Scenario

_MIB = 1 << 20


class Cold(Scenario):
    name = "cold"
    title = "A cold file, copied to stable storage"
    goal = "at least 1.15 times `cp` + `sync FILE`, the page cache grown by less than 64 MiB"
    bound = "the disk: the file is read and written once"

    def run(self, lab):
        size = lab.pick(4 << 30, 64 << 20)
        with rooms.disk(lab.settings.disk, 2 * size + (1 << 30)) as room:
            src, dst = room / "source", room / "copy"
            data.write(src, size)
            result = lab.compare(Case(
                name="disk", work=f"{size >> 20} MiB file", place=room.description,
                cache="cold", src=src, dst=dst, size=size, fills=2 * size,
                subject=variant("copyfile", "{copyfile} --cache=bypass --reflink=never "
                                "--durability=ordered {src} {dst}"),
                peers=[peers.CP_SYNC,
                       variant("copyfile, cache=auto", "{copyfile} --reflink=never {src} {dst}"),
                       peers.LOOP_SYNC, peers.DD_SYNC, peers.RSYNC_SYNC, peers.QEMU_SYNC],
                verify=functools.partial(verify.same_content, src, dst)))
            result.goal_ratio("cp, sync", 1.15, "throughput against cp, then sync")
            for name in {sample["variant"]: None for sample in result.samples}:
                self._weigh_cache(result, name)
            yield result

    def _weigh_cache(self, result, name):
        """The system's page cache and the two files' share of it: the first also holds what
        everybody else did meanwhile, the second only what we did."""
        system = statistics.median(result.values(name, "page_cache_growth")) / _MIB
        files = [sample["source_cached"] + sample["copy_cached"] for sample in result.samples
                 if sample["variant"] == name and sample["copy_cached"] is not None]
        share = f", {statistics.median(files) / _MIB:.0f} MiB of it the two files" if files else ""
        result.notes.append(f"{name}: page cache grown by {system:.0f} MiB (median){share}")
        if name == "copyfile":
            result.goal_at_most(system, 64, "MiB", "growth of the page cache")


SCENARIO = Cold()
