"""One large cached file into a repository."""

import functools

from harness import data, peers, rooms, stores, verify
from harness.model import Case, variant
from harness.scenario import Scenario


class StoreLarge(Scenario):
    name = "store-large"
    title = "One large file into a repository on XFS"
    goal = "at most 1.1 times `sha256sum` alone"
    bound = "one processor's SHA-256: the private copy is a clone"

    def run(self, lab):
        size = lab.pick(4 << 30, 64 << 20)
        with rooms.in_memory("xfs", size + size // 4, cached=size) as room:
            src, dst = room / "source", room / "repositories"
            data.write(src, size)
            digest = stores.digest_of(src)
            result = lab.compare(Case(
                name="xfs", work=f"{size >> 20} MiB file", place=room.description, cache="warm", src=src, dst=dst,
                size=size, files=1, setup=functools.partial(stores.make, lab, dst),
                subject=variant("copyfile", "{copyfile} store add {dst}/store {src}"),
                peers=[peers.SHA256SUM, peers.OPENSSL_SHA256], verify=functools.partial(self._check, src, dst, digest)))
            if peers.SHA256SUM.name in result.pairs:
                comparison = result.comparison(peers.SHA256SUM.name)
                result.goal_at_most(comparison.subject_median / comparison.peer_median, 1.1, "times",
                                    "of sha256sum alone")
            yield result

    def _check(self, src, dst, digest):
        """After ours there is the blob, after sha256sum nothing."""
        blob = f"{dst}/store/blobs/sha256/{digest}"
        try:
            verify.shared(src, blob)
        except FileNotFoundError:
            pass


SCENARIO = StoreLarge()
