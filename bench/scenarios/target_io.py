"""Plain reads and writes of an iSCSI disk."""

import contextlib

from harness import data, rooms, targets
from harness.model import Case, Variant
from harness.scenario import Scenario

_MIB = 1 << 20
# work, direction, order, bytes, how many under way, how many in all (and in a quick run)
_LOADS = (("read 4 KiB", "read", "random", 4096, 32, 100000, 1000),
          ("write 4 KiB", "write", "random", 4096, 32, 100000, 1000),
          ("read 4 KiB alone", "read", "random", 4096, 1, 20000, 200),
          ("read 1 MiB", "read", "sequential", _MIB, 8, 4000, 20),
          ("write 1 MiB", "write", "sequential", _MIB, 8, 4000, 20))


class TargetIo(Scenario):
    name = "target-io"
    title = "Reads and writes of an iSCSI disk"
    goal = "at least as fast as tgt"
    bound = "calls of the kernel for each command, in the target and in the initiator; for 1 MiB, copying the bytes four times"

    def run(self, lab):
        size = lab.pick(2 << 30, 64 << 20)
        with rooms.in_memory("xfs", size + size // 8, cached=size) as room, contextlib.ExitStack() as serving:
            image = room / "image"
            data.write(image, size)
            words = targets.serve_both(lab, serving, [image])
            for name, direction, order, length, depth, full, quick in _LOADS:
                count = lab.pick(full, quick)
                load = ("run", direction, order, str(length), str(depth), str(count))
                result = lab.compare(Case(
                    name=name, work=f"{name}, {order}, {depth} under way, {count} of them", place=room.description,
                    cache="warm", src=image, dst=room / "none", size=count * length, words=words, stays=True,
                    subject=Variant("copyfile-target", (("{iscsi_load}", "{ours_0}", *load),)),
                    peers=[Variant("tgt", (("{iscsi_load}", "{tgt_0}", *load),))],
                    verify=lambda: None))
                result.goal_ratio("tgt", 1, f"speed of {name} against tgt")
                yield result


SCENARIO = TargetIo()
