"""One large blob is taken out of a repository."""

import functools

from harness import data, peers, rooms, stores, verify
from harness.model import Case, variant
from harness.scenario import Scenario


class StoreGet(Scenario):
    name = "store-get"
    title = "A large file out of a repository on XFS"
    goal = "below 20 ms with fs-verity, else at most 1.1 times `sha256sum`"
    bound = "one processor's SHA-256, where the file system has no fs-verity: the copy is a clone"

    def run(self, lab):
        size = lab.pick(4 << 30, 64 << 20)
        with rooms.in_memory("xfs", size + size // 4, cached=size) as room:
            src, dst, repository = room / "source", room / "copy", room / "store"
            data.write(src, size)
            stores.init(lab, repository)
            stores.add(lab, repository, "--name=large", src)
            result = lab.compare(Case(
                name="xfs", work=f"{size >> 20} MiB file", place=room.description, cache="warm", src=src, dst=dst,
                size=size, subject=variant("copyfile", f"{{copyfile}} store get {repository} large {{dst}}"),
                peers=[peers.SHA256SUM, peers.OPENSSL_SHA256], verify=functools.partial(self._check, src, dst)))
            if peers.SHA256SUM.name in result.pairs:
                comparison = result.comparison(peers.SHA256SUM.name)
                result.goal_at_most(comparison.subject_median / comparison.peer_median, 1.1, "times",
                                    "of sha256sum alone")
            yield result

    def _check(self, src, dst):
        """Ours makes a clone, sha256sum nothing."""
        try:
            verify.shared(src, dst)
        except FileNotFoundError:
            pass


SCENARIO = StoreGet()
