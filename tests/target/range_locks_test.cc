#include "target/range_locks.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <random>
#include <thread>
#include <vector>

namespace libcopyfile::test {
namespace {

using target::acquire_for_copy;
using target::CopyHold;
using target::RangeLocks;
using Mode = RangeLocks::Mode;
using namespace std::chrono_literals;

bool is_ready(const std::future<void>& future, std::chrono::milliseconds within) {
  return future.wait_for(within) == std::future_status::ready;
}

TEST(RangeLocks, ThoseThatShareDoNotWait) {
  RangeLocks locks;
  const RangeLocks::Hold one = locks.acquire({0, 100}, Mode::shared);
  EXPECT_TRUE(locks.try_acquire({50, 150}, Mode::shared).held());
}

TEST(RangeLocks, OneForItselfKeepsOthersOutUntilItIsGone) {
  RangeLocks locks;
  {
    const RangeLocks::Hold one = locks.acquire({0, 100}, Mode::exclusive);
    EXPECT_FALSE(locks.try_acquire({99, 150}, Mode::shared).held());
    EXPECT_FALSE(locks.try_acquire({0, 1}, Mode::exclusive).held());
  }
  EXPECT_TRUE(locks.try_acquire({99, 150}, Mode::shared).held());
}

TEST(RangeLocks, SharedKeepsOneForItselfOut) {
  RangeLocks locks;
  const RangeLocks::Hold one = locks.acquire({0, 100}, Mode::shared);
  EXPECT_FALSE(locks.try_acquire({10, 20}, Mode::exclusive).held());
}

TEST(RangeLocks, NeighboursAndEmptyRangesDoNotConflict) {
  RangeLocks locks;
  const RangeLocks::Hold one = locks.acquire({10, 20}, Mode::exclusive);
  EXPECT_TRUE(locks.try_acquire({0, 10}, Mode::exclusive).held());
  EXPECT_TRUE(locks.try_acquire({20, 30}, Mode::exclusive).held());
  EXPECT_TRUE(locks.try_acquire({15, 15}, Mode::exclusive).held());
}

TEST(RangeLocks, WhatIsMovedIsReleasedOnce) {
  RangeLocks locks;
  RangeLocks::Hold one = locks.acquire({0, 10}, Mode::exclusive);
  RangeLocks::Hold other = std::move(one);
  EXPECT_TRUE(other.held());
  EXPECT_FALSE(locks.try_acquire({0, 10}, Mode::exclusive).held());
  other = locks.acquire({20, 30}, Mode::exclusive);
  EXPECT_TRUE(locks.try_acquire({0, 10}, Mode::exclusive).held());
  EXPECT_FALSE(locks.try_acquire({20, 30}, Mode::exclusive).held());
  other = {};
  EXPECT_TRUE(locks.try_acquire({20, 30}, Mode::exclusive).held());
}

TEST(RangeLocks, WhoWaitsIsNotOvertakenByLaterOnes) {
  RangeLocks locks;
  RangeLocks::Hold reader = locks.acquire({0, 10}, Mode::shared);
  std::future<void> writer = std::async(std::launch::async, [&] {
    const auto h = locks.acquire({0, 10}, Mode::exclusive);
  });
  // Once the writer waits, not even those that could share with the reader get past it.
  while (locks.try_acquire({0, 10}, Mode::shared).held()) std::this_thread::yield();
  EXPECT_FALSE(is_ready(writer, 0ms));
  reader = {};
  EXPECT_TRUE(is_ready(writer, 10s));
}

TEST(RangeLocks, ACopyWithinOneImageDoesNotWaitForItself) {
  RangeLocks locks;
  const CopyHold hold = acquire_for_copy(locks, {0, 10}, locks, {10, 20});
  EXPECT_FALSE(locks.try_acquire({5, 6}, Mode::exclusive).held());
  EXPECT_TRUE(locks.try_acquire({5, 6}, Mode::shared).held());
  EXPECT_FALSE(locks.try_acquire({15, 16}, Mode::shared).held());
}

TEST(RangeLocks, ACopyHoldsBothSides) {
  RangeLocks from, to;
  {
    const CopyHold hold = acquire_for_copy(from, {0, 10}, to, {20, 30});
    EXPECT_TRUE(from.try_acquire({0, 10}, Mode::shared).held());
    EXPECT_FALSE(from.try_acquire({0, 10}, Mode::exclusive).held());
    EXPECT_FALSE(to.try_acquire({20, 30}, Mode::shared).held());
  }
  EXPECT_TRUE(from.try_acquire({0, 10}, Mode::exclusive).held());
  EXPECT_TRUE(to.try_acquire({20, 30}, Mode::exclusive).held());
}

// Copies in both directions and within one image, with writers between: ends only if nobody waits in a circle, and counts only
// if nobody is where another is.
TEST(RangeLocks, CrossingCopiesAndWritersExcludeEachOtherAndEnd) {
  constexpr size_t kCells = 16;
  RangeLocks locks[2];
  std::array<std::array<int, kCells>, 2> cells{};  // unprotected but by the locks
  const auto work = [&](unsigned seed) {
    std::minstd_rand random(seed);
    for (int round = 0; round < 500; ++round) {
      const size_t from = random() % 2, to = random() % 2;
      const uint64_t in = random() % (kCells / 2 - 2);
      const uint64_t out = kCells / 2 + random() % (kCells / 2 - 2);
      const bool swap = random() % 2 == 0;
      const Range source = swap ? Range{out, out + 2} : Range{in, in + 2};
      const Range destination = swap ? Range{in, in + 2} : Range{out, out + 2};
      if (random() % 3 == 0) {
        const auto hold = locks[to].acquire({2, 14}, Mode::exclusive);
        for (uint64_t i = 2; i < 14; ++i) cells[to][i]++;
        continue;
      }
      const CopyHold hold = acquire_for_copy(locks[from], source, locks[to], destination);
      for (uint64_t i = 0; i < 2; ++i) {
        cells[to][destination.begin + i] = cells[from][source.begin + i] + 1;
      }
    }
  };
  std::vector<std::thread> threads;
  for (unsigned i = 1; i <= 4; ++i) threads.emplace_back(work, i);
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(locks[0].try_acquire({0, kCells}, Mode::exclusive).held());
  EXPECT_TRUE(locks[1].try_acquire({0, kCells}, Mode::exclusive).held());
}

TEST(RangeLocks, NoCountIsLostUnderOneLock) {
  RangeLocks locks;
  int count = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int k = 0; k < 1000; ++k) {
        const auto hold = locks.acquire({0, 4096}, Mode::exclusive);
        ++count;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(count, 4000);
}

}  // namespace
}  // namespace libcopyfile::test
