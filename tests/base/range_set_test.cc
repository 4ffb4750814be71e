// The set of bytes that are done, against a map of single bytes.
#include "base/range_set.h"

#include <gtest/gtest.h>

#include "testing/islands.h"

namespace libcopyfile::test {
namespace {

constexpr uint64_t kSize = 200;

TEST(RangeSet, EmptyHasNoRun) {
  const RangeSet set;
  EXPECT_EQ(set.end_of_run(0), 0U);
  EXPECT_EQ(set.end_of_run(77), 77U);
}

TEST(RangeSet, AdjacentRangesAreOneRun) {
  RangeSet set;
  set.add({10, 20});
  set.add({20, 30});
  EXPECT_EQ(set.end_of_run(10), 30U);
  EXPECT_EQ(set.end_of_run(29), 30U);
  EXPECT_EQ(set.end_of_run(30), 30U);
  EXPECT_EQ(set.end_of_run(9), 9U);
}

TEST(RangeSet, RangeWithinAnOlderOneChangesNothing) {
  RangeSet set;
  set.add({10, 40});
  set.add({15, 20});
  EXPECT_EQ(set.end_of_run(12), 40U);
}

TEST(RangeSet, TakesRangesOutOfOrder) {
  RangeSet set;
  set.add({50, 60});
  set.add({10, 20});
  set.add({20, 50});
  EXPECT_EQ(set.end_of_run(10), 60U);
}

TEST(RangeSet, CanBeAskedBetweenAdditions) {
  RangeSet set;
  set.add({50, 60});
  set.add({10, 20});
  EXPECT_EQ(set.end_of_run(10), 20U);
  set.add({20, 30});
  EXPECT_EQ(set.end_of_run(10), 30U);
  set.add({60, 70});
  EXPECT_EQ(set.end_of_run(55), 70U);
}

TEST(RangeSet, MissingKeepsSourceAndDestinationTogether) {
  RangeSet set;
  set.add({105, 110});
  const std::vector<CopyRange> asked{{0, 100, 20}, {500, 130, 5}};
  EXPECT_EQ(set.missing(asked),
            (std::vector<CopyRange>{{0, 100, 5}, {10, 110, 10}, {500, 130, 5}}));
}

struct Model {
  bool done[kSize] = {};

  void add(Range r) {
    for (uint64_t i = r.begin; i < r.end; ++i) done[i] = true;
  }
  uint64_t end_of_run(uint64_t at) const {
    while (at < kSize && done[at]) ++at;
    return at;
  }
  std::vector<bool> missing_bytes(std::span<const CopyRange> asked) const {
    std::vector<bool> missing(kSize);
    for (const CopyRange& r : asked) {
      for (uint64_t i = r.out; i < r.out + r.length; ++i) missing[i] = !done[i];
    }
    return missing;
  }
};

// Disjoint destinations in ascending order, as plans have them; `in` is `out` + 1000, so that a mix-up shows.
std::vector<CopyRange> random_request(std::mt19937_64& random) {
  std::vector<CopyRange> asked;
  for (uint64_t at = choose(random, 20); at < kSize;) {
    const uint64_t length = std::min(1 + choose(random, 30), kSize - at);
    asked.push_back({at + 1000, at, length});
    at += length + choose(random, 3) * choose(random, 20);
  }
  return asked;
}

TEST(RangeSet, AgreesWithAMapOfBytes) {
  for (uint64_t seed = 0; seed < 2000; ++seed) {
    std::mt19937_64 random(seed);
    RangeSet set;
    Model model;
    for (uint64_t n = choose(random, 12); n > 0; --n) {
      const uint64_t begin = choose(random, kSize);
      const Range r{begin, std::min(kSize, begin + choose(random, 40))};
      set.add(r);
      model.add(r);
      if (choose(random, 4) == 0) {
        const uint64_t at = choose(random, kSize);
        ASSERT_EQ(set.end_of_run(at), model.end_of_run(at)) << "seed " << seed << " at " << at;
      }
    }
    for (uint64_t at = 0; at < kSize; ++at) {
      ASSERT_EQ(set.end_of_run(at), model.end_of_run(at)) << "seed " << seed << " at " << at;
    }
    const std::vector<CopyRange> asked = random_request(random);
    std::vector<bool> missing(kSize);
    for (const CopyRange& r : set.missing(asked)) {
      ASSERT_GT(r.length, 0U) << "seed " << seed;
      ASSERT_EQ(r.in, r.out + 1000) << "seed " << seed;
      for (uint64_t i = r.out; i < r.out + r.length; ++i) {
        ASSERT_FALSE(missing[i]) << "twice, seed " << seed;
        missing[i] = true;
      }
    }
    ASSERT_EQ(missing, model.missing_bytes(asked)) << "seed " << seed;
  }
}

}  // namespace
}  // namespace libcopyfile::test
