// Checking a vector of ranges as a whole: each error, and everything at once against the definition, byte by byte.
#include "plan/validate.h"

#include <gtest/gtest.h>

#include "testing/islands.h"

namespace libcopyfile::test {
namespace {

using Ranges = std::vector<CopyRange>;

int error_of(const Ranges& ranges, bool same_file = false) {
  const Result<Ranges> result = validate_ranges(ranges, same_file);
  return result ? 0 : result.error().code;
}

TEST(Validate, SortsByDestinationAndJoins) {
  EXPECT_EQ(validate_ranges(Ranges{{20, 120, 10}, {0, 100, 10}, {10, 110, 10}}, false),
            (Ranges{{0, 100, 30}}));
}

TEST(Validate, JoinsOnlyWhereBothSidesGoOn) {
  const Ranges apart{{0, 100, 10}, {11, 110, 10}};
  EXPECT_EQ(validate_ranges(apart, false), apart);
  const Ranges gap{{0, 100, 10}, {10, 111, 10}};
  EXPECT_EQ(validate_ranges(gap, false), gap);
}

TEST(Validate, EmptyRangesAreLeftOut) {
  EXPECT_EQ(validate_ranges(Ranges{{0, 0, 0}, {5, 5, 1}, {5, 5, 0}, {kMaxOffset, 7, 0}}, false),
            (Ranges{{5, 5, 1}}));
  EXPECT_EQ(validate_ranges({}, true), Ranges{});
}

TEST(Validate, EmptyRangeBetweenTwoDoesNotKeepThemApart) {
  EXPECT_EQ(validate_ranges(Ranges{{0, 0, 5}, {99, 99, 0}, {5, 5, 5}}, false),
            (Ranges{{0, 0, 10}}));
}

TEST(Validate, OverflowIsFoundOnEitherSideAndInEmptyRanges) {
  EXPECT_EQ(error_of({{kMaxOffset, 0, 1}}), EOVERFLOW);
  EXPECT_EQ(error_of({{0, kMaxOffset, 1}}), EOVERFLOW);
  EXPECT_EQ(error_of({{kMaxOffset + 1, 0, 0}}), EOVERFLOW);
  EXPECT_EQ(error_of({{0, UINT64_MAX, 2}}), EOVERFLOW);
  EXPECT_EQ(error_of({{1, 1, UINT64_MAX}}), EOVERFLOW);
  EXPECT_EQ(error_of({{0, 0, 5}, {kMaxOffset - 1, 5, 2}}), EOVERFLOW);
}

TEST(Validate, WholeOffsetSpaceIsAllowed) {
  EXPECT_EQ(validate_ranges(Ranges{{0, 0, kMaxOffset}}, false), (Ranges{{0, 0, kMaxOffset}}));
  EXPECT_EQ(validate_ranges(Ranges{{kMaxOffset - 1, kMaxOffset - 1, 1}}, false),
            (Ranges{{kMaxOffset - 1, kMaxOffset - 1, 1}}));
}

TEST(Validate, DestinationsMustNotOverlap) {
  EXPECT_EQ(error_of({{0, 100, 10}, {50, 109, 10}}), EINVAL);
  EXPECT_EQ(error_of({{50, 109, 10}, {0, 100, 10}}), EINVAL);
  EXPECT_EQ(error_of({{0, 100, 100}, {500, 120, 1}}), EINVAL);
  EXPECT_EQ(error_of({{0, 100, 10}, {0, 100, 10}}), EINVAL);
  EXPECT_EQ(error_of({{0, 100, 10}, {0, 110, 10}}), 0);
}

TEST(Validate, OverlapHiddenBehindALongRangeIsFound) {
  // The second is not adjacent to the third in order; only the first reaches that far.
  EXPECT_EQ(error_of({{0, 0, 1000}, {2000, 10, 5}, {3000, 500, 5}}), EINVAL);
}

TEST(Validate, SourcesMayOverlap) {
  EXPECT_EQ(error_of({{0, 100, 10}, {5, 200, 10}}), 0);
  EXPECT_EQ(error_of({{0, 100, 10}, {0, 200, 10}}, true), 0);
}

TEST(Validate, InOneFileNothingIsReadThatIsWritten) {
  EXPECT_EQ(error_of({{0, 5, 10}}, true), EINVAL);
  EXPECT_EQ(error_of({{5, 0, 10}}, true), EINVAL);
  EXPECT_EQ(error_of({{7, 7, 10}}, true), EINVAL);
  EXPECT_EQ(error_of({{0, 10, 10}}, true), 0);
  EXPECT_EQ(error_of({{10, 0, 10}}, true), 0);
  EXPECT_EQ(error_of({{0, 5, 10}}, false), 0);
  // Each range is fine by itself; one writes what the other reads.
  EXPECT_EQ(error_of({{0, 100, 10}, {105, 200, 10}}, true), EINVAL);
  EXPECT_EQ(error_of({{0, 100, 10}, {110, 200, 10}}, true), 0);
}

TEST(Validate, LongSourceInFrontOfOthersIsNotForgotten) {
  EXPECT_EQ(error_of({{0, 5000, 1000}, {10, 7000, 5}, {2000, 900, 5}}, true), EINVAL);
}

TEST(Validate, AMillionAdjacentRangesBecomeOne) {
  constexpr uint64_t kCount = 1'000'000;
  Ranges ranges;
  for (uint64_t i = 0; i < kCount; ++i) ranges.push_back({i * 4096, i * 4096 + 65536, 4096});
  EXPECT_EQ(validate_ranges(ranges, false), (Ranges{{0, 65536, kCount * 4096}}));
  std::reverse(ranges.begin(), ranges.end());
  EXPECT_EQ(validate_ranges(ranges, false), (Ranges{{0, 65536, kCount * 4096}}));
}

// --- against the definition ---

bool any_overlap(const Ranges& ranges, bool same_file) {
  for (size_t i = 0; i < ranges.size(); ++i) {
    for (size_t j = 0; j < ranges.size(); ++j) {
      if (i != j && ranges[i].destination().overlaps(ranges[j].destination())) return true;
      if (same_file && ranges[i].destination().overlaps(ranges[j].source())) return true;
    }
  }
  return false;
}

// For each byte of the destination, where it comes from; -1 where nothing is written.
std::vector<int64_t> byte_map(const Ranges& ranges, size_t size) {
  std::vector<int64_t> map(size, -1);
  for (const CopyRange& r : ranges) {
    for (uint64_t i = 0; i < r.length; ++i) map[r.out + i] = static_cast<int64_t>(r.in + i);
  }
  return map;
}

Ranges random_ranges(std::mt19937_64& random) {
  // Few and short on 100 bytes: both valid and invalid vectors are common, and neighbours meet.
  Ranges ranges;
  for (uint64_t n = choose(random, 7); n > 0; --n) {
    const uint64_t length = choose(random, 15);
    if (!ranges.empty() && choose(random, 3) == 0) {
      const CopyRange& last = ranges.back();
      ranges.push_back({last.in + last.length, last.out + last.length, length});
    } else {
      ranges.push_back({choose(random, 100), choose(random, 100), length});
    }
  }
  return ranges;
}

TEST(Validate, AgreesWithTheDefinition) {
  size_t valid = 0;
  constexpr uint64_t kRounds = 20000;
  for (uint64_t seed = 0; seed < kRounds; ++seed) {
    std::mt19937_64 random(seed);
    const Ranges ranges = random_ranges(random);
    const bool same_file = choose(random, 2) == 0;
    const Result<Ranges> result = validate_ranges(ranges, same_file);
    ASSERT_EQ(!result, any_overlap(ranges, same_file)) << "seed " << seed;
    if (!result) {
      ASSERT_EQ(result.error().code, EINVAL) << "seed " << seed;
      continue;
    }
    ++valid;
    ASSERT_EQ(byte_map(*result, 300), byte_map(ranges, 300)) << "seed " << seed;
    for (size_t i = 0; i < result->size(); ++i) {
      ASSERT_GT((*result)[i].length, 0U) << "seed " << seed;
      if (i == 0) continue;
      const CopyRange& a = (*result)[i - 1];
      const CopyRange& b = (*result)[i];
      ASSERT_LE(a.out + a.length, b.out) << "seed " << seed;
      ASSERT_FALSE(a.out + a.length == b.out && a.in + a.length == b.in)
          << "not joined, seed " << seed;
    }
  }
  EXPECT_GT(valid, kRounds / 5);
  EXPECT_LT(valid, kRounds * 4 / 5);
}

}  // namespace
}  // namespace libcopyfile::test
