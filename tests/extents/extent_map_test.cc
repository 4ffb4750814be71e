#include <gtest/gtest.h>

#include "extents/extents.h"

namespace libcopyfile {
namespace {

TEST(ExtentMap, JoinsNeighboursOfOneKind) {
  ExtentMap map;
  EXPECT_TRUE(map.append({{0, 10}, ExtentKind::data}));
  EXPECT_TRUE(map.append({{10, 20}, ExtentKind::data}));
  EXPECT_TRUE(map.append({{20, 30}, ExtentKind::hole}));
  EXPECT_TRUE(map.append({{40, 50}, ExtentKind::hole}));
  ASSERT_EQ(map.all().size(), 3U);
  EXPECT_EQ(map.all()[0], (Extent{{0, 20}, ExtentKind::data}));
  EXPECT_EQ(map.all()[1], (Extent{{20, 30}, ExtentKind::hole}));
  EXPECT_EQ(map.all()[2], (Extent{{40, 50}, ExtentKind::hole}));
}

TEST(ExtentMap, RefusesNonsenseAndStaysAsItWas) {
  ExtentMap map;
  ASSERT_TRUE(map.append({{10, 20}, ExtentKind::data}));
  EXPECT_FALSE(map.append({{5, 8}, ExtentKind::data}));    // goes back
  EXPECT_FALSE(map.append({{19, 25}, ExtentKind::hole}));  // overlaps
  EXPECT_FALSE(map.append({{30, 30}, ExtentKind::hole}));  // empty
  EXPECT_FALSE(map.append({{40, 30}, ExtentKind::hole}));  // negative
  EXPECT_FALSE(map.append({{10, 20}, ExtentKind::data}));  // again
  ASSERT_EQ(map.all().size(), 1U);
  EXPECT_EQ(map.all()[0], (Extent{{10, 20}, ExtentKind::data}));
}

TEST(ExtentMap, FindsTheFirstThatEndsBehindAnOffset) {
  ExtentMap map;
  map.append({{10, 20}, ExtentKind::data});
  map.append({{30, 40}, ExtentKind::hole});
  EXPECT_EQ(map.find(0)->range.begin, 10U);
  EXPECT_EQ(map.find(19)->range.begin, 10U);
  EXPECT_EQ(map.find(20)->range.begin, 30U);
  EXPECT_EQ(map.find(39)->range.begin, 30U);
  EXPECT_EQ(map.find(40), map.all().end());
  EXPECT_TRUE(ExtentMap().empty());
}

}  // namespace
}  // namespace libcopyfile
