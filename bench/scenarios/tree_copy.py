"""Trees whose files are cached, copied as quickly as can be."""

import functools
import os

from harness import data, peers, rooms, trees, verify
from harness.model import Case, variant
from harness.scenario import Scenario

MIB = 1 << 20
FILE = 4 << 10


def generated(lab, room, files, directories):
    """(work, files, bytes) of a tree of small files in room/source."""
    size = trees.write(room / "source", directories, files, FILE)
    return f"{files} files of 4 KiB in {directories} directories", files, size


def of_system(lab, room):
    files, size = trees.take_system(room / "source", lab.pick(512 * MIB, 2 * MIB))
    return f"{files} files of /usr/share, {size >> 20} MiB", files, size


def of_large_files(lab, room):
    files, size = 8, lab.pick(128, 2) * MIB
    os.mkdir(room / "source")
    for number in range(files):
        data.write(room / f"source/large-{number}", size)
    return f"{files} files of {size >> 20} MiB", files, files * size


class TreeCopy(Scenario):
    name = "tree-copy"
    title = "A cached tree"
    goal = "at least 1.75 times faster than `cp -a`"
    bound = "the file system: making an inode and its blocks for each file, by two processors"

    def run(self, lab):
        for kind in ("ext4", "xfs", "btrfs"):
            # ext4 has an inode for each 16 KiB and no more.
            with rooms.in_memory(kind, lab.pick(4096, 512) * MIB, cached=lab.pick(1024, 64) * MIB) as room:
                yield self._compare(lab, room, f"{kind} small files", *generated(
                    lab, room, lab.pick(100000, 300), lab.pick(1000, 10)))
            with rooms.in_memory(kind, lab.pick(4096, 512) * MIB, cached=lab.pick(1024, 64) * MIB) as room:
                yield self._compare(lab, room, f"{kind} system", *of_system(lab, room))
            with rooms.in_memory(kind, lab.pick(4096, 512) * MIB, cached=lab.pick(1024, 64) * MIB) as room:
                yield self._compare(lab, room, f"{kind} large files", *of_large_files(lab, room))

    def _compare(self, lab, room, name, work, files, size):
        src, dst = room / "source", room / "copy"
        result = lab.compare(Case(
            name=name, work=work, place=room.description, cache="warm", src=src, dst=dst,
            size=size, fills=size, files=files,
            subject=variant("copyfile", "{copyfile} -a --durability=none {src} {dst}"),
            peers=[peers.CP_TREE],
            verify=functools.partial(verify.same_trees, src, dst, every=lab.pick(10, 1))))
        result.goal_ratio("cp", 1.75, "against cp -a")
        return result


SCENARIO = TreeCopy()
