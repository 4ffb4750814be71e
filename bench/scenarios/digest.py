"""A cached file is copied, and its SHA-256 is known afterwards."""

import functools
import statistics

from harness import data, peers, rooms, verify
from harness.model import Case, variant
from harness.scenario import Scenario

_PLAIN = "{copyfile} --reflink=never --durability=none {src} {dst}"
_ALONE = variant("copyfile, no digest", _PLAIN)


class Digest(Scenario):
    name = "digest"
    title = "SHA-256 of a cached file while it is copied"
    goal = ("at most 1.25 times the copy alone, or 1.1 times what one processor takes to hash it, "
            "whichever is slower; at least 2 times faster than `cp`, then `sha256sum` of both")
    bound = "one processor's SHA-256: a digest can't be computed in parallel"

    def run(self, lab):
        size = lab.pick(2 << 30, 64 << 20)
        for kind in ("ext4", "xfs"):
            with rooms.in_memory(kind, 2 * size + size // 4, cached=2 * size) as room:
                src, dst = room / "source", room / "copy"
                data.write(src, size)
                result = lab.compare(Case(
                    name=kind, work=f"{size >> 20} MiB file", place=room.description,
                    cache="warm", src=src, dst=dst, size=size, fills=size,
                    subject=variant("copyfile", _PLAIN.replace(" {src}", " --digest=sha256 {src}")),
                    peers=[_ALONE, peers.CP_SHA256SUM, peers.CP_OPENSSL],
                    verify=functools.partial(verify.same_content, src, dst),
                    observe=functools.partial(self._hashing, lab, src)))
                self._weigh(result)
                yield result

    def _hashing(self, lab, src, one, _cost):
        """Beside each run of ours: what OpenSSL alone, the fastest that is known here, takes."""
        if one.name != "copyfile":
            return {}
        return {"hashing": lab.timer.run([["openssl", "dgst", "-sha256", src]]).wall}

    def _weigh(self, result):
        result.goal_ratio(peers.CP_SHA256SUM.name, 2, "against cp, then sha256sum of both sides")
        ours, hashing = (statistics.median(result.values("copyfile", field))
                         for field in ("wall", "hashing"))
        result.notes.append(f"hashing alone (openssl dgst): {hashing:.3f} s (median)")
        if _ALONE.name in result.pairs:
            alone = statistics.median(result.values(_ALONE.name, "wall"))
            result.goal_at_most(ours / limit(alone, hashing), 1, "times",
                                "the slower of 1.25 copies alone and 1.1 hashings alone")


def limit(alone, hashing):
    """How long it may take, in seconds."""
    return max(1.25 * alone, 1.1 * hashing)


SCENARIO = Digest()
