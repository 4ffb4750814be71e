#include "verify/in_order_hasher.h"

#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <thread>

#include "testing/stamped.h"

namespace libcopyfile::test {
namespace {

constexpr uint64_t kChunk = 4096;
const auto kGoOn = [] { return true; };

InOrderHasher make(Algorithm algorithm = Algorithm::sha256) {
  return InOrderHasher(*Hasher::make(algorithm));
}

std::vector<std::byte> content(size_t size) {
  std::vector<std::byte> bytes(size);
  fill_stamped(bytes, 1, 0);
  return bytes;
}

Digest digest_of(std::span<const std::byte> bytes) {
  Result<Hasher> hasher = Hasher::make(Algorithm::sha256);
  hasher->add(bytes);
  return *hasher->finish();
}

// Workers that take chunks in order and take their time at random: what comes out is the digest of the bytes in order.
TEST(InOrderHasher, ManyWorkersOneDigest) {
  const std::vector<std::byte> bytes = content(200 * kChunk + 777);
  for (const int workers : {1, 2, 7}) {
    InOrderHasher hasher = make();
    std::atomic<uint64_t> next{0};
    const auto work = [&](unsigned seed) {
      std::mt19937 random(seed);
      hasher.enter();
      for (uint64_t at = next.fetch_add(kChunk); at < bytes.size(); at = next.fetch_add(kChunk)) {
        std::this_thread::sleep_for(std::chrono::microseconds(random() % 100));
        const auto data = std::span(bytes).subspan(at, std::min(kChunk, bytes.size() - at));
        EXPECT_TRUE(hasher.add(at, data, kGoOn));
      }
      hasher.leave();
    };
    std::vector<std::thread> threads;
    for (int i = 0; i < workers; ++i) threads.emplace_back(work, 100 * workers + i);
    for (std::thread& t : threads) t.join();
    EXPECT_EQ(hasher.position(), bytes.size());
    const auto digest = hasher.finish(bytes.size(), kGoOn);
    ASSERT_TRUE(digest && *digest);
    EXPECT_EQ(**digest, digest_of(bytes)) << workers;
  }
}

TEST(InOrderHasher, ZerosThatAreExpectedNeedNotCome) {
  std::vector<std::byte> bytes(10 * kChunk);
  fill_stamped(std::span(bytes).subspan(2 * kChunk, kChunk), 1, 0);
  fill_stamped(std::span(bytes).subspan(7 * kChunk, 100), 1, 0);
  InOrderHasher hasher = make();
  hasher.expect_zeros({0, 2 * kChunk});
  hasher.expect_zeros({3 * kChunk, 7 * kChunk});
  hasher.expect_zeros({7 * kChunk + 100, 10 * kChunk});
  EXPECT_TRUE(hasher.add(2 * kChunk, std::span(bytes).subspan(2 * kChunk, kChunk), kGoOn));
  EXPECT_TRUE(hasher.add(7 * kChunk, std::span(bytes).subspan(7 * kChunk, 100), kGoOn));
  EXPECT_EQ(**hasher.finish(bytes.size(), kGoOn), digest_of(bytes));
}

// Zeros that were expected and are brought nevertheless are hashed once.
TEST(InOrderHasher, ExpectedZerosMayComeAsBytes) {
  const std::vector<std::byte> bytes(3 * kChunk);
  InOrderHasher hasher = make();
  hasher.expect_zeros({0, bytes.size()});
  EXPECT_TRUE(hasher.add(0, std::span(bytes).first(kChunk), kGoOn));
  EXPECT_TRUE(hasher.add(kChunk, std::span(bytes).first(kChunk), kGoOn));
  EXPECT_EQ(**hasher.finish(bytes.size(), kGoOn), digest_of(bytes));
}

TEST(InOrderHasher, NothingAtAll) { EXPECT_EQ(**make().finish(0, kGoOn), digest_of({})); }

TEST(InOrderHasher, AGapHasNoDigest) {
  const std::vector<std::byte> bytes = content(kChunk);
  InOrderHasher hasher = make();
  hasher.enter();
  EXPECT_TRUE(hasher.add(0, bytes, kGoOn));
  EXPECT_FALSE(hasher.add(2 * kChunk, bytes, kGoOn)) << "nobody is there who could bring the rest";
  EXPECT_FALSE(hasher.add(kChunk, bytes, kGoOn)) << "and then it is too late";
  hasher.leave();
  EXPECT_FALSE(*hasher.finish(kChunk, kGoOn));
  EXPECT_FALSE(*hasher.finish(2 * kChunk, kGoOn));
}

TEST(InOrderHasher, HasNoDigestOfFewerBytes) {
  const std::vector<std::byte> bytes = content(kChunk);
  InOrderHasher hasher = make();
  EXPECT_TRUE(hasher.add(0, bytes, kGoOn));
  EXPECT_FALSE(*hasher.finish(kChunk - 1, kGoOn));
  EXPECT_FALSE(*hasher.finish(kChunk + 1, kGoOn));
  EXPECT_TRUE(*hasher.finish(kChunk, kGoOn));
}

TEST(InOrderHasher, BytesThatWereThereBeforeAreRefusedAtOnce) {
  const std::vector<std::byte> bytes = content(kChunk);
  InOrderHasher hasher = make();
  EXPECT_TRUE(hasher.add(0, bytes, kGoOn));
  EXPECT_FALSE(hasher.add(kChunk / 2, bytes, kGoOn));
  EXPECT_FALSE(*hasher.finish(kChunk, kGoOn)) << "what they were the first time nobody knows";
}

// A worker that fails takes its chunk along: those who wait for it are woken, however many they are.
TEST(InOrderHasher, LeavingWakesWhoWaits) {
  const std::vector<std::byte> bytes = content(kChunk);
  for (const int waiting : {1, 3}) {
    InOrderHasher hasher = make();
    hasher.enter();
    std::atomic<int> entered{0};
    std::atomic<int> returned{0};
    std::vector<std::thread> threads;
    for (int i = 1; i <= waiting; ++i) {
      threads.emplace_back([&, i] {
        hasher.enter();
        ++entered;
        EXPECT_FALSE(hasher.add(static_cast<uint64_t>(i) * kChunk, bytes, kGoOn));
        ++returned;
        hasher.leave();
      });
    }
    while (entered < waiting) std::this_thread::yield();
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    EXPECT_EQ(returned, 0) << "it did not wait for what lies before";
    hasher.leave();
    for (std::thread& t : threads) t.join();
    EXPECT_EQ(returned, waiting);
    EXPECT_FALSE(*hasher.finish(2 * kChunk, kGoOn));
  }
}

TEST(InOrderHasher, LeavingWhenAllIsBroughtHarmsNobody) {
  const std::vector<std::byte> bytes = content(2 * kChunk);
  InOrderHasher hasher = make();
  hasher.enter();
  hasher.enter();
  EXPECT_TRUE(hasher.add(0, std::span(bytes).first(kChunk), kGoOn));
  hasher.leave();
  EXPECT_TRUE(hasher.add(kChunk, std::span(bytes).subspan(kChunk), kGoOn));
  hasher.leave();
  EXPECT_EQ(**hasher.finish(bytes.size(), kGoOn), digest_of(bytes));
}

// A hole of a PiB is days of hashing: whoever cancels need not wait for it.
TEST(InOrderHasher, LongZerosAskWhetherToGoOn) {
  const std::vector<std::byte> bytes = content(kChunk);
  int questions = 0;
  const auto twice = [&] { return ++questions < 3; };
  InOrderHasher hasher = make(Algorithm::xxh3_128);
  hasher.expect_zeros({0, uint64_t{1} << 50});
  EXPECT_FALSE(hasher.add(uint64_t{1} << 50, bytes, twice));
  EXPECT_EQ(questions, 3);
  EXPECT_FALSE(hasher.add(0, bytes, kGoOn)) << "nothing can come behind what was broken off";
  EXPECT_FALSE(*hasher.finish(uint64_t{1} << 50, kGoOn));
  InOrderHasher at_the_end = make(Algorithm::xxh3_128);
  at_the_end.expect_zeros({0, uint64_t{1} << 50});
  questions = 0;
  EXPECT_FALSE(*at_the_end.finish(uint64_t{1} << 50, twice));
}

}  // namespace
}  // namespace libcopyfile::test
