"""Very many initiators that do nothing."""

import contextlib

from harness import data, rooms, targets
from harness.model import Case, Variant
from harness.scenario import Scenario


class TargetSessions(Scenario):
    name = "target-sessions"
    title = "Sessions that do nothing"
    goal = "below 64 MiB for 1,000 of them"
    bound = "what is kept of a session: names, numbers, and room for a header; buffers are shared"

    def run(self, lab):
        count = lab.pick(1000, 50)
        with rooms.in_memory("xfs", rooms.SMALLEST) as room, contextlib.ExitStack() as serving:
            image = room / "image"
            data.write(image, 16 << 20)
            words = targets.serve_both(lab, serving, [image])

            def load(name):
                return Variant("copyfile-target" if name == "ours" else name,
                               (("{iscsi_load}", f"{{{name}_0}}", "sessions", str(count), f"{{{name}_pid}}"),))

            result = lab.compare(Case(
                name="xfs", work=f"{count} sessions, by as many initiators", place=room.description, cache="warm",
                src=image, dst=room / "none", size=0, words=words, stays=True, subject=load("ours"), peers=[load("tgt")],
                verify=lambda: None, observe=self._observe))
            for name in ("copyfile-target", "tgt"):
                if values := result.values(name, "pss"):
                    result.notes.append(f"{name}: {max(values) / 2**20:.1f} MiB (proportional set size)")
            result.goal_at_most(max(result.values("copyfile-target", "pss")) / 2**20, 64, "MiB",
                                f"memory of the target with {count} sessions")
            yield result

    def _observe(self, _one, cost):
        return {"pss": int(cost.output) * 1024}


SCENARIO = TargetSessions()
