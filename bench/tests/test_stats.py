import unittest

from harness import stats


class Compare(unittest.TestCase):
    def test_ratio_of_medians_and_median_of_ratios_differ(self):
        one = stats.compare([(1.0, 2.0), (2.0, 2.0), (4.0, 20.0)])
        self.assertEqual(one.subject_median, 2.0)
        self.assertEqual(one.peer_median, 2.0)
        self.assertEqual(one.ratio_of_medians, 1.0)
        self.assertEqual(one.median_ratio, 2.0)

    def test_spread_of_the_paired_ratios(self):
        one = stats.compare([(1.0, ratio) for ratio in (5.0, 1.0, 3.0, 2.0, 4.0)])
        self.assertEqual((one.min_ratio, one.low_ratio, one.median_ratio), (1.0, 2.0, 3.0))
        self.assertEqual((one.high_ratio, one.max_ratio), (4.0, 5.0))

    def test_above_one_means_that_the_subject_is_faster(self):
        self.assertGreater(stats.compare([(1.0, 3.0)]).ratio_of_medians, 1)

    def test_difference_is_of_pairs(self):
        one = stats.compare([(1.5, 1.0), (9.0, 8.0), (3.0, 1.0)])
        self.assertEqual(one.median_difference, 1.0)

    def test_one_slow_sample_moves_nothing(self):
        calm = [(1.0, 2.0)] * 7
        self.assertEqual(stats.compare(calm[1:] + [(50.0, 2.0)]).ratio_of_medians, 2.0)

    def test_no_pairs_and_no_time_are_refused(self):
        for pairs in ([], [(0.0, 1.0)], [(1.0, -1.0)]):
            with self.assertRaises(ValueError):
                stats.compare(pairs)


class Quantile(unittest.TestCase):
    def test_interpolates(self):
        self.assertEqual(stats.quantile([4, 1, 3, 2], 0.5), 2.5)
        self.assertEqual(stats.quantile([7], 0.25), 7)

    def test_ends(self):
        self.assertEqual(stats.quantile([3, 1, 2], 0), 1)
        self.assertEqual(stats.quantile([3, 1, 2], 1), 3)


class Order(unittest.TestCase):
    def test_every_other_round_is_turned_round(self):
        rounds = [stats.order("ab", number) for number in range(4)]
        self.assertEqual(rounds, [["a", "b"], ["b", "a"], ["a", "b"], ["b", "a"]])
