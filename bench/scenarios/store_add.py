"""Many files into a repository of known-good files, each checked and safe."""

import functools

from harness import data, peers, rooms, stores
from harness.model import Case, Variant
from harness.scenario import Scenario


class StoreAdd(Scenario):
    name = "store-add"
    title = "Files into a repository, checked and durable"
    goal = ("at least 10 times faster than `sha256sum -c`, `cp`, `sync` and `mv` file by file, 2 times faster than "
            "`ostree commit`")
    bound = "one processor's SHA-256 on each of two, and one write-back of the file system"

    def run(self, lab):
        files, length = lab.pick(10000, 100), 64 << 10
        size = files * length
        for kind in ("ext4", "xfs", "btrfs"):
            with rooms.on_disk(kind, max(4 * size, rooms.SMALLEST), lab.settings.disk) as room:
                yield self._compare(lab, room, kind, files, length)

    def _compare(self, lab, room, name, files, length):
        src, dst, sums = room / "source", room / "repositories", room / "sums"
        data.make_directory(src)
        for i in range(files):
            # Each another content: what is there already would not be added.
            content = data.chunk(i * length, length)
            with open(f"{src}/{i:05}", "wb") as file:
                file.write(content)
        stores.write_sums(src, sums)
        words = {"sums": sums, "known_good": stores.KNOWN_GOOD}
        with_ostree = "ostree" in peers.versions()
        result = lab.compare(Case(
            name=name, work=f"{files} files of {length >> 10} KiB", place=room.description, cache="warm", src=src,
            dst=dst, size=files * length, files=files, words=words,
            setup=functools.partial(stores.make, lab, dst, with_ostree),
            subject=Variant("copyfile", ((
                "sh", "-c", 'cd "$1" && exec "$0" store add --quiet --checksums="$2" --named "$3" *', "{copyfile}", "{src}",
                "{sums}", "{dst}/store"),)),
            peers=[peers.KNOWN_GOOD, peers.OSTREE], verify=functools.partial(stores.check, src, dst)))
        result.goal_ratio(peers.KNOWN_GOOD.name, 10, "against sha256sum -c, cp, sync and mv, file by file")
        result.goal_ratio(peers.OSTREE.name, 2, "against ostree commit")
        return result


SCENARIO = StoreAdd()
