"""Many small files into a directory that exists, each safe before it has its name."""

from harness import data, peers, rooms, verify
from harness.model import Case, Variant
from harness.scenario import Scenario


class Batch(Scenario):
    name = "batch"
    title = "Small files into an existing directory, ordered"
    goal = "at least 8 times faster than fsync and rename file by file"
    bound = "one write-back of the file system for thousands of files, then a dozen system calls each"

    def run(self, lab):
        files, length = lab.pick(10000, 200), 8 << 10
        size = files * length
        # Not on the machine's own ext4, which may have no journal: there it looks for inodes that were not deleted in the
        # last minutes (recently_deleted()), and each sample would be slower than the one before.
        for kind in ("ext4", "xfs", "btrfs"):
            with rooms.on_disk(kind, max(4 * size, rooms.SMALLEST), lab.settings.disk) as room:
                yield self._compare(lab, room, kind, files, length)

    def _compare(self, lab, room, name, files, length):
        src, dst = room / "source", room / "copy"
        data.make_directory(src)
        data.make_directory(dst)
        for i in range(files):
            data.write(f"{src}/{i:05}", length)
        result = lab.compare(Case(
            name=name, work=f"{files} files of {length >> 10} KiB", place=room.description,
            cache="warm", src=src, dst=dst, size=files * length,
            subject=self._copyfile("copyfile", ()),
            peers=[peers.FSYNC_RENAME, self._copyfile("copyfile, sync=files", ("--sync=files",)),
                   Variant("cp, no sync", (("cp", "-r", "{src}/.", "{dst}"),))],
            verify=lambda: verify.same_directories(src, dst)))
        result.goal_ratio(peers.FSYNC_RENAME.name, 8, "against fsync and rename, file by file")
        return result

    def _copyfile(self, name, options):
        return Variant(name, (("{copyfile}", "-r", *options, "{src}/.", "{dst}"),))


SCENARIO = Batch()
