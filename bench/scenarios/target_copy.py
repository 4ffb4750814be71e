"""A disk copied to another one by the target that serves both."""

import contextlib
import functools
import os
import statistics
import time

from harness import data, kernel, rooms, targets, verify
from harness.model import Case, variant
from harness.scenario import Scenario

_GIB = 1 << 30


def used(path):
    """Bytes of the file system, when it has given back and allocated all that it still had to."""
    def now():
        kernel.syncfs(path)
        about = os.statvfs(path)
        return (about.f_blocks - about.f_bfree) * about.f_frsize

    before = now()
    for _ in range(100):
        time.sleep(0.1)
        after = now()
        if after == before:
            break
        before = after
    return before


class TargetCopy(Scenario):
    name = "target-copy"
    title = "One iSCSI disk copied to another"
    goal = "10 GiB in less than a second, for less than 1% more space; 20 times as fast as through tgt"
    bound = "one command of the initiator for each 4 MiB; through tgt, every byte read and written by the initiator"

    def run(self, lab):
        size = lab.pick(10 * _GIB, _GIB // 8)
        with contextlib.ExitStack() as undo:
            # The source, a real second copy by tgt, and their metadata.
            room = undo.enter_context(rooms.on_disk("xfs", 2 * size + size // 4, lab.settings.disk))
            src, dst = room / "source", room / "copy"
            data.write(src, size)
            serving = undo.enter_context(contextlib.ExitStack())
            words, before = {}, {}
            case = Case(
                name="xfs", work=f"{size >> 20} MiB disk", place=room.description, cache="cold", src=src, dst=dst,
                size=size, words=words, stays=True,
                subject=variant("copyfile-target", "qemu-img convert -n -C -f raw -O raw {ours_0} {ours_1}"),
                peers=[variant("tgt", "qemu-img convert -n -C -f raw -O raw {tgt_0} {tgt_1}")],
                verify=functools.partial(verify.same_content, src, dst))

            def setup():
                serving.close()
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(dst)
                with open(dst, "wb") as empty:
                    empty.truncate(size)
                words.update(targets.serve_both(lab, serving, [src, dst]))
                before["used"] = used(room.path)

            def observe(_one, _cost):
                return {"more_space": used(room.path) - before["used"]}

            case.setup, case.observe = setup, observe
            result = lab.compare(case)
            self._judge(result, size)
            yield result

    def _judge(self, result, size):
        taken = statistics.median(result.values("copyfile-target", "wall"))
        result.goal_at_most(taken, 1, "s", "the copy")
        more = max(result.values("copyfile-target", "more_space"))
        result.goal_at_most(more * 100 / size, 1, "%", "space that the copy takes")
        result.goal_ratio("tgt", 20, "speed against tgt")


SCENARIO = TargetCopy()
