#include "plan/split.h"

#include <gtest/gtest.h>

#include "testing/islands.h"

namespace libcopyfile::test {
namespace {

void expect_parts(const CopyRange& range, uint64_t alignment, uint64_t head, uint64_t core,
                  uint64_t tail) {
  const AlignedParts parts = split_aligned(range, alignment);
  EXPECT_EQ(parts.head, range.part(0, head));
  // Where an empty part lies means nothing.
  const auto same = [](const CopyRange& a, const CopyRange& b) {
    return a.length == 0 ? b.length == 0 : a == b;
  };
  EXPECT_TRUE(same(parts.core, range.part(head, core))) << parts.core.length;
  EXPECT_TRUE(same(parts.tail, range.part(head + core, tail))) << parts.tail.length;
}

TEST(SplitAligned, AlignedIsAllCore) { expect_parts({4096, 8192, 8192}, 4096, 0, 8192, 0); }

TEST(SplitAligned, RaggedHasHeadCoreAndTail) {
  expect_parts({1000, 4096 + 1000, 10000}, 4096, 3096, 4096, 2808);
}

TEST(SplitAligned, WithinOneBlockIsAllHead) { expect_parts({1000, 1000, 50}, 4096, 50, 0, 0); }

TEST(SplitAligned, OverOneEdgeIsHeadAndTail) { expect_parts({4000, 4000, 200}, 4096, 96, 0, 104); }

TEST(SplitAligned, NotAlignedTogetherIsAllHead) {
  expect_parts({0, 512, 65536}, 4096, 65536, 0, 0);
}

TEST(SplitAligned, AtTheLargestOffset) {
  const uint64_t begin = align_down(kMaxOffset, 4096);
  expect_parts({begin, begin, kMaxOffset - begin}, 4096, 0, 0, kMaxOffset - begin);
}

TEST(SplitAligned, HoldsForRandomRanges) {
  for (uint64_t seed = 0; seed < 20000; ++seed) {
    std::mt19937_64 random(seed);
    const uint64_t alignment = uint64_t{512} << choose(random, 8);
    const uint64_t in = choose(random, 8 * alignment);
    const uint64_t shift = choose(random, 2) == 0 ? 0 : choose(random, alignment);
    const CopyRange r{in, in + 3 * alignment + shift, 1 + choose(random, 4 * alignment)};
    const AlignedParts p = split_aligned(r, alignment);
    ASSERT_EQ(p.head.length + p.core.length + p.tail.length, r.length) << "seed " << seed;
    ASSERT_EQ(p.head.in, r.in);
    if (p.tail.length > 0) {
      ASSERT_EQ(p.tail, r.part(r.length - p.tail.length, r.length)) << "seed " << seed;
    }
    if (p.core.length > 0) {
      ASSERT_EQ(p.core, r.part(p.head.length, p.core.length)) << "seed " << seed;
      ASSERT_EQ(p.core.in % alignment, 0U) << "seed " << seed;
      ASSERT_EQ(p.core.out % alignment, 0U) << "seed " << seed;
      ASSERT_EQ(p.core.length % alignment, 0U) << "seed " << seed;
    }
    ASSERT_LT(p.tail.length, alignment) << "seed " << seed;
    if (shift == 0) {
      ASSERT_LT(p.head.length, alignment) << "seed " << seed;
    }
  }
}

TEST(RangeList, JoinsNeighboursAndDropsNothing) {
  RangeList list;
  list.add({0, 100, 10});
  list.add({10, 110, 10});
  list.add({20, 120, 0});
  list.add({20, 130, 10});
  list.add({31, 140, 10});
  EXPECT_EQ(list.bytes(), 40U);
  EXPECT_EQ(list.all(), (std::vector<CopyRange>{{0, 100, 20}, {20, 130, 10}, {31, 140, 10}}));
  EXPECT_FALSE(list.empty());
}

using Pieces = std::vector<std::pair<CopyRange, ExtentKind>>;

Pieces split(const CopyRange& range, const ExtentMap& map) {
  Pieces pieces;
  split_by_extent(range, map, [&](const CopyRange& r, ExtentKind kind) {
    pieces.push_back({r, kind});
  });
  return pieces;
}

TEST(SplitByExtent, CutsAtEdgesAndCallsTheUncoveredData) {
  ExtentMap map;
  map.append({{100, 200}, ExtentKind::hole});
  map.append({{200, 300}, ExtentKind::unwritten});
  map.append({{400, 500}, ExtentKind::data});
  EXPECT_EQ(split({50, 1050, 600}, map), (Pieces{{{50, 1050, 50}, ExtentKind::data},
                                                 {{100, 1100, 100}, ExtentKind::hole},
                                                 {{200, 1200, 100}, ExtentKind::unwritten},
                                                 {{300, 1300, 100}, ExtentKind::data},
                                                 {{400, 1400, 100}, ExtentKind::data},
                                                 {{500, 1500, 150}, ExtentKind::data}}));
}

TEST(SplitByExtent, RangeWithinOneExtentIsOnePiece) {
  ExtentMap map;
  map.append({{0, 1000}, ExtentKind::hole});
  EXPECT_EQ(split({10, 5, 20}, map), (Pieces{{{10, 5, 20}, ExtentKind::hole}}));
}

TEST(SplitByExtent, EmptyMapIsData) {
  EXPECT_EQ(split({10, 5, 20}, {}), (Pieces{{{10, 5, 20}, ExtentKind::data}}));
}

}  // namespace
}  // namespace libcopyfile::test
