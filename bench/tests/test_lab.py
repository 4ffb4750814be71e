import contextlib
import io
import shutil

from harness import data, kernel, memory, rooms, verify
from harness.lab import Lab, Settings
from harness.model import Case, variant
from harness.timing import Cost
from tests.support import ScratchTest


class FakeTimer:
    """Copies, and says that it took what the test says."""

    def __init__(self, source, copy, times):
        self.source, self.copy, self.times = source, copy, times
        self.ran = []
        self.cached = []

    def run(self, commands, repeats=1, removed=None):
        name = commands[0][0]
        self.ran.append(name)
        self.cached.append(kernel.cached_bytes(self.source))
        shutil.copyfile(self.source, self.copy)
        return Cost(self.times[name], 0.0, 0.0, 0)


class Compare(ScratchTest):
    @classmethod
    def setUpClass(cls):
        # Not in a plain temporary directory: in a tmpfs nothing can be cold.
        cls.room = cls.enterClassContext(rooms.in_memory("ext4", rooms.SMALLEST))
        cls.source, cls.copy = cls.room / "source", cls.room / "copy"
        data.write(cls.source, 1 << 20)

    def setUp(self):
        super().setUp()
        self.timer = FakeTimer(self.source, self.copy, {"cat": 1.0, "cp": 2.0, "dd": 0.5})
        self.verified = 0

    def _verify(self):
        self.verified += 1
        verify.same_content(self.source, self.copy)

    def _case(self, cache="warm", **more):
        return Case("name", "work", "place", cache, self.source, self.copy, 1 << 20,
                    subject=variant("copyfile", "cat"),
                    peers=[variant("cp", "cp"), variant("dd", "dd"),
                           variant("absent", "no-such-program")], verify=self._verify, **more)

    def _compare(self, case, pairs=3):
        lab = Lab(Settings(pairs=pairs, quick=True), self.timer, {})
        with contextlib.redirect_stderr(io.StringIO()):
            return lab.compare(case)

    def test_pairs_alternate(self):
        self._compare(self._case())
        self.assertEqual(self.timer.ran[:3], ["cat", "cp", "dd"])  # rehearsed, not counted
        self.assertEqual(self.timer.ran[3:], ["cat", "cp", "cat", "dd", "cp", "cat", "dd", "cat",
                                          "cat", "cp", "cat", "dd"])

    def test_ratios_and_samples(self):
        result = self._compare(self._case())
        self.assertEqual(result.comparison("cp").ratio_of_medians, 2.0)
        self.assertEqual(result.comparison("dd").ratio_of_medians, 0.5)
        self.assertEqual(result.comparison("cp").pairs, 3)
        self.assertEqual(len(result.samples), 12)

    def test_only_the_peers_asked_for(self):
        case = self._case()
        lab = Lab(Settings(pairs=1, quick=True, only=("dd",)), self.timer, {})
        with contextlib.redirect_stderr(io.StringIO()):
            self.assertEqual(list(lab.compare(case).pairs), ["dd"])

    def test_missing_peer_is_named(self):
        result = self._compare(self._case())
        self.assertEqual(result.notes, ["no-such-program is not installed"])
        self.assertNotIn("absent", result.pairs)

    def test_each_variant_is_verified_once(self):
        self._compare(self._case())
        self.assertEqual(self.verified, 3)

    def test_wrong_copy_ends_the_run(self):
        case = self._case()
        case.verify = lambda: verify.same_content(self.source, self.file("wrong", b"wrong"))
        with self.assertRaises(verify.WrongCopy):
            self._compare(case)
        self.assertEqual(self.timer.ran, ["cat"])

    def test_cold_source_is_not_cached_and_warm_source_is(self):
        self._compare(self._case("cold"))
        self.assertEqual(set(self.timer.cached), {0})
        self.timer.cached.clear()
        self._compare(self._case("warm"))
        self.assertEqual(set(self.timer.cached), {1 << 20})

    def test_survey_measures_each_by_itself(self):
        lab = Lab(Settings(quick=True), self.timer, {})
        with contextlib.redirect_stderr(io.StringIO()):
            result = lab.survey(self._case(), 2)
        self.assertEqual(self.timer.ran, ["cat", "cp", "dd"] + ["cat", "cp", "dd", "dd", "cp", "cat"])
        self.assertEqual(result.pairs, {})
        self.assertEqual(result.values("cp", "wall"), [2.0, 2.0])
        self.assertEqual(result.notes, ["no-such-program is not installed"])

    def test_goals(self):
        result = self._compare(self._case())
        result.goal_ratio("cp", 1.7, "against cp")
        result.goal_ratio("dd", 1.7, "against dd")
        result.goal_ratio("absent", 1.7, "against nobody")
        result.goal_at_most(65, 64, "MiB", "growth")
        self.assertEqual([goal.met for goal in result.goals], [True, False, False])

    def test_observations_are_in_the_sample(self):
        result = self._compare(self._case(observe=lambda one, cost: {"seen": one.name}), 1)
        self.assertEqual([sample["seen"] for sample in result.samples],
                         ["copyfile", "cp", "copyfile", "dd"])


class Memory(ScratchTest):
    def test_balloon_that_reports_free_pages_is_seen(self):
        self.file("features", b"01100101\n")
        self.assertTrue(memory.reporting(self.path("features")))

    def test_other_balloons_and_none_are_not(self):
        self.assertFalse(memory.reporting(self.path("features")))
        self.file("features", b"01100001\n")
        self.assertFalse(memory.reporting(self.path("features")))
