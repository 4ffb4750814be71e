"""One small file, one process: what starting the command costs."""

import functools

from harness import data, peers, rooms, verify
from harness.model import Case, variant
from harness.scenario import Scenario


class Small(Scenario):
    name = "small"
    title = "A 1 KiB file, the whole process"
    goal = "no slower than `cp` by more than 1 ms"
    bound = "the start of a process: loading libraries, a dozen system calls"

    def run(self, lab):
        processes = lab.pick(200, 20)
        with rooms.in_memory("ext4", rooms.SMALLEST) as room:
            src, dst = room / "source", room / "copy"
            data.write(src, 1024)
            case = Case(
                name="plain", work="1 KiB file", place=room.description, cache="warm", src=src,
                dst=dst, size=1024, repeats=processes,
                subject=variant("copyfile", "{copyfile} --durability=none {src} {dst}"),
                peers=[variant("cp", "cp {src} {dst}"), peers.RSYNC],
                verify=functools.partial(verify.same_content, src, dst))
            result = lab.compare(case)
            result.goal_longer("cp", 1.0, "longer than cp")
            yield result
        with rooms.disk(lab.settings.disk, 1 << 20) as room:
            yield self._stable(lab, room, lab.pick(40, 5))

    def _stable(self, lab, room, processes):
        src, dst = room / "source", room / "copy"
        data.write(src, 1024)
        return lab.compare(Case(
            name="stable", work="1 KiB file, to stable storage", place=room.description,
            cache="warm", src=src, dst=dst, size=1024, repeats=processes,
            subject=variant("copyfile", "{copyfile} {src} {dst}"),
            peers=[variant("cp, sync", "cp {src} {dst}", "sync {dst}")],
            verify=functools.partial(verify.same_content, src, dst)))


SCENARIO = Small()
