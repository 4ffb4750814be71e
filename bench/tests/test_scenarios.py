import unittest

import scenarios
from harness import timing
from harness.model import variant
from scenarios import adjacent, digest, scattered


class Scattered(unittest.TestCase):
    def check_spread(self, ranges):
        targets = sorted(out for _, out, _ in ranges)
        self.assertEqual(len(set(targets)), 1000)
        self.assertTrue(all(a + 4096 < b for a, b in zip(targets, targets[1:])))
        self.assertTrue(all(length == 4096 for _, _, length in ranges))

    def test_ranges_neither_touch_nor_overlap(self):
        self.check_spread(scattered.ascending(1000))
        self.check_spread(scattered.shuffled(1000))

    def test_shuffled_is_out_of_order_and_the_same_every_time(self):
        ranges = scattered.shuffled(1000)
        self.assertNotEqual(ranges, sorted(ranges))
        self.assertEqual(ranges, scattered.shuffled(1000))


class Planning(unittest.TestCase):
    def test_time_is_found_in_the_report(self):
        report = '{"files": [{"name": "x"}, {"plan": {"planning_seconds": 0.125}}]}'
        self.assertEqual(adjacent.planning(variant("copyfile", "x"), report),
                         {"planning_seconds": 0.125})

    def test_peers_report_nothing(self):
        self.assertEqual(adjacent.planning(variant("loop", "x"), ""), {})

    def test_report_without_it_is_a_failure(self):
        with self.assertRaises(timing.CommandFailed):
            adjacent.planning(variant("copyfile", "x"), "{}")


class Digest(unittest.TestCase):
    def test_the_slower_of_copying_and_hashing_is_the_measure(self):
        self.assertAlmostEqual(digest.limit(1.0, 0.5), 1.25)
        self.assertAlmostEqual(digest.limit(0.5, 1.0), 1.1)


class All(unittest.TestCase):
    def test_every_scenario_says_what_it_is(self):
        for name, scenario in scenarios.load().items():
            with self.subTest(name):
                self.assertTrue(scenario.title and scenario.goal and scenario.bound)
