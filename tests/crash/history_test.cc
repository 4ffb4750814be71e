// What may show when, without any disk.
#include "history.h"

#include <gtest/gtest.h>

namespace libcopyfile::test {
namespace {

constexpr uint64_t version(int v) { return uint64_t{1} << v; }
constexpr uint64_t kTorn = 0;

// Version 0 of "a" was there; 1 is ordered, 2 durable, 3 without promise, then all is settled.
History history() {
  History h;
  h.initially("a", Version::file(1, 10));
  h.add({"one", Promise::ordered, {{"a", Version::file(2, 10)}}});
  h.add({"two", Promise::durable, {{"a", Version::file(3, 10)}}});
  h.add({"three", Promise::nothing, {{"a", Version::file(4, 10)}}});
  h.add({"settle", Promise::settled, {}});
  return h;
}

Judgement judge(uint64_t seen, Moment moment) {
  Observation observation;
  observation.names = {{seen, "something"}};
  return history().judge(observation, moment);
}

bool allowed(uint64_t seen, Moment moment) { return judge(seen, moment).violations.empty(); }

TEST(History, BeforeAnythingOnlyTheOldFileShows) {
  EXPECT_TRUE(allowed(version(0), {0, 0}));
  EXPECT_FALSE(allowed(version(1), {0, 0}));
  EXPECT_FALSE(allowed(kTorn, {0, 0}));
}

TEST(History, OrderedShowsTheOldFileOrTheNewOne) {
  for (const Moment moment : {Moment{1, 0}, Moment{1, 1}}) {
    EXPECT_TRUE(allowed(version(0), moment));
    EXPECT_TRUE(allowed(version(1), moment));
    EXPECT_FALSE(allowed(version(2), moment));
    EXPECT_FALSE(allowed(kTorn, moment));
  }
}

TEST(History, DurableShowsTheNewFileOnceItHasReturned) {
  EXPECT_TRUE(allowed(version(0), {2, 1}));
  EXPECT_TRUE(allowed(version(2), {2, 1}));
  EXPECT_FALSE(allowed(version(0), {2, 2}));
  EXPECT_FALSE(allowed(version(1), {2, 2}));
  EXPECT_TRUE(allowed(version(2), {2, 2}));
}

TEST(History, WithoutPromiseATornFileIsCountedNotAViolation) {
  const Judgement torn = judge(kTorn, {3, 3});
  EXPECT_TRUE(torn.violations.empty());
  EXPECT_EQ(torn.torn, 1U);
  // Not even then may it show something that had been replaced for good.
  EXPECT_EQ(judge(version(1), {3, 3}).torn, 1U);
}

TEST(History, AfterASyncOfEverythingOnlyTheLastShows) {
  EXPECT_TRUE(allowed(version(3), {4, 4}));
  EXPECT_FALSE(allowed(version(2), {4, 4}));
  EXPECT_FALSE(allowed(kTorn, {4, 4}));
  EXPECT_TRUE(allowed(kTorn, {4, 3})) << "it has not returned yet";
}

TEST(History, WhatShouldNotBeThereIsAViolation) {
  Observation observation;
  observation.names = {{version(0), ""}};
  observation.strange = {"a file that nobody made"};
  EXPECT_EQ(history().judge(observation, {0, 0}).violations.size(), 1U);
}

}  // namespace
}  // namespace libcopyfile::test
