"""How time and memory grow with the files of a tree and with the workers."""

import functools

from harness import peers, rooms, trees, verify
from harness.model import Case, peak_rss_mib, variant
from harness.scenario import Scenario

_MIB = 1 << 20
_FILE = 1 << 10
_MANY = 300000  # from here on a sample takes minutes with all that surrounds it


def _jobs(count):
    return variant(f"copyfile, {count} job{'' if count == 1 else 's'}",
                   f"{{copyfile}} -a --durability=none --jobs={count} {{src}} {{dst}}")


class TreeScale(Scenario):
    name = "tree-scale"
    title = "Trees of 1,000 to 1,000,000 files"
    goal = "1,000,000 files take at most 64 MiB more memory than 1,000"
    bound = "the file system; memory: what is remembered of each directory that is open"

    def run(self, lab):
        least = None
        for files in lab.pick((1000, 10000, 100000, 1000000), (100, 300)):
            result = self._survey(lab, files)
            peak = peak_rss_mib(result, "copyfile")
            least = peak if least is None else least
            result.goal_at_most(peak - least, 64, "MiB", "peak memory, more than of the smallest tree")
            yield result

    def _survey(self, lab, files):
        # Blocks of 1 KiB: a million small files, twice, with their inodes, in 6 GiB.
        with rooms.in_memory("xfs", max(files * 6144, rooms.SMALLEST), cached=files * 4096,
                             mkfs=("-b", "size=1024")) as room:
            src, dst = room / "source", room / "copy"
            trees.write(src, max(files // 100, 1), files, _FILE)
            many = files > _MANY
            others = [_jobs(1)] if many else [_jobs(count) for count in (1, 2, 4, 8)]
            return lab.survey(Case(
                name=f"{files} files", work=f"{files} files of 1 KiB, 100 in a directory",
                place=room.description, cache="warm", src=src, dst=dst, size=files * _FILE,
                files=files,
                subject=variant("copyfile", "{copyfile} -a --durability=none {src} {dst}"),
                peers=[*others, peers.CP_TREE],
                verify=functools.partial(verify.same_trees, src, dst, every=100 if many else 1)),
                rounds=1 if many else lab.pick(3, 1))


SCENARIO = TreeScale()
