// Arithmetic of ranges, above all at the edge of what a file offset can be.
#include "base/range.h"

#include <gtest/gtest.h>

namespace libcopyfile {
namespace {

constexpr uint64_t kMax = kMaxOffset;

TEST(RangeAt, EndsAtTheLargestOffset) {
  EXPECT_EQ(Range::at(0, kMax), (Range{0, kMax}));
  EXPECT_EQ(Range::at(kMax, 0), (Range{kMax, kMax}));
  EXPECT_EQ(Range::at(kMax - 1, 1), (Range{kMax - 1, kMax}));
}

TEST(RangeAt, RefusesWhatEndsBehindTheLargestOffset) {
  EXPECT_FALSE(Range::at(0, kMax + 1));
  EXPECT_FALSE(Range::at(1, kMax));
  EXPECT_FALSE(Range::at(kMax, 1));
  EXPECT_FALSE(Range::at(kMax + 1, 0));
  EXPECT_FALSE(Range::at(UINT64_MAX, 0));
  EXPECT_FALSE(Range::at(UINT64_MAX, UINT64_MAX));
  EXPECT_FALSE(Range::at(2, UINT64_MAX));  // the sum wraps to 1
}

TEST(Range, OverlapsWhereAByteIsShared) {
  const Range r{10, 20};
  EXPECT_TRUE(r.overlaps({19, 30}));
  EXPECT_TRUE(r.overlaps({0, 11}));
  EXPECT_TRUE(r.overlaps({12, 13}));
  EXPECT_TRUE(r.overlaps(r));
  EXPECT_FALSE(r.overlaps({20, 30}));
  EXPECT_FALSE(r.overlaps({0, 10}));
}

TEST(Range, EmptyOverlapsNothing) {
  const Range r{10, 20};
  EXPECT_FALSE(r.overlaps({15, 15}));
  EXPECT_FALSE((Range{15, 15}).overlaps(r));
  EXPECT_FALSE((Range{15, 15}).overlaps({15, 15}));
}

TEST(Range, ContainsItsBeginAndNotItsEnd) {
  const Range r{kMax - 2, kMax};
  EXPECT_TRUE(r.contains(kMax - 2));
  EXPECT_TRUE(r.contains(kMax - 1));
  EXPECT_FALSE(r.contains(kMax));
  EXPECT_FALSE(r.contains(kMax - 3));
}

TEST(Range, ClippedToWhatIsElsewhereIsEmptyAndValid) {
  EXPECT_EQ((Range{10, 20}).clipped({15, 30}), (Range{15, 20}));
  EXPECT_EQ((Range{10, 20}).clipped({0, kMax}), (Range{10, 20}));
  for (const Range far : {Range{20, 30}, Range{30, 40}, Range{0, 10}, Range{0, 5}}) {
    const Range clipped = (Range{10, 20}).clipped(far);
    EXPECT_TRUE(clipped.empty());
    EXPECT_LE(clipped.begin, clipped.end);
  }
}

TEST(CopyRange, PartKeepsBothSidesTogether) {
  const CopyRange r{100, 1000, 50};
  EXPECT_EQ(r.part(0, 50), r);
  EXPECT_EQ(r.part(10, 20), (CopyRange{110, 1010, 20}));
  EXPECT_EQ(r.part(40, 20), (CopyRange{140, 1040, 10}));
  EXPECT_EQ(r.part(50, 20), (CopyRange{150, 1050, 0}));
  EXPECT_EQ(r.part(0, UINT64_MAX), r);
}

TEST(CopyRange, SidesAtTheEdge) {
  const CopyRange r{kMax - 5, 0, 5};
  EXPECT_EQ(r.source(), (Range{kMax - 5, kMax}));
  EXPECT_EQ(r.destination(), (Range{0, 5}));
}

TEST(Align, MultiplesStayAndOthersMove) {
  EXPECT_EQ(align_down(4096, 4096), 4096U);
  EXPECT_EQ(align_down(4095, 4096), 0U);
  EXPECT_EQ(align_up(4096, 4096), 4096U);
  EXPECT_EQ(align_up(4097, 4096), 8192U);
  EXPECT_EQ(align_up(kMax, 4096), kMax + 1);
  EXPECT_EQ(align_down(kMax, 65536), kMax - 65535);
}

TEST(Remaining, IsWhatLiesBehindThePrefix) {
  const std::vector<CopyRange> ranges{{0, 100, 10}, {50, 200, 5}, {70, 300, 1}};
  EXPECT_EQ(remaining(ranges, 0), ranges);
  EXPECT_EQ(remaining(ranges, 3),
            (std::vector<CopyRange>{{3, 103, 7}, {50, 200, 5}, {70, 300, 1}}));
  EXPECT_EQ(remaining(ranges, 10), (std::vector<CopyRange>{{50, 200, 5}, {70, 300, 1}}));
  EXPECT_EQ(remaining(ranges, 15), (std::vector<CopyRange>{{70, 300, 1}}));
  EXPECT_TRUE(remaining(ranges, 16).empty());
  EXPECT_TRUE(remaining(ranges, 1000).empty());
}

TEST(TotalLength, SumsUp) {
  const std::vector<CopyRange> ranges{{0, 0, kMax - 1}, {0, kMax, 1}};
  EXPECT_EQ(total_length(ranges), kMax);
  EXPECT_EQ(total_length({}), 0U);
}

}  // namespace
}  // namespace libcopyfile
