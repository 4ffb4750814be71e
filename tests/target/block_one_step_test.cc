#include <thread>

#include "tests/target/blocks.h"

namespace libcopyfile::test {
namespace {

using namespace target;

class OneStep : public BlockTest {
 protected:
  static wire::Bytes caw(uint64_t lba, uint8_t blocks, uint8_t flags = 0) {
    wire::Bytes cdb = block_cdb(0x89, lba, 0, flags);
    cdb[13] = blocks;
    return cdb;
  }
  static wire::Bytes both(const wire::Bytes& compare, const wire::Bytes& write) {
    wire::Bytes data = compare;
    data.insert(data.end(), write.begin(), write.end());
    return data;
  }
};

TEST_F(OneStep, WritesWhereTheDataIsWhatWasExpected) {
  const wire::Bytes old = bytes_like(3 * kBlock, 1), fresh = bytes_like(3 * kBlock, 2);
  store(9, old);
  const auto task = run(caw(9, 3), both(old, fresh));
  EXPECT_EQ(task->outcome.status, Status::good);
  EXPECT_EQ(task->transfer_length, 6 * kBlock);
  EXPECT_EQ(stored(9, 3), fresh);
}

TEST_F(OneStep, WritesNothingElseAndSaysWhereItDiffers) {
  const wire::Bytes old = bytes_like(3 * kBlock, 1);
  store(9, old);
  wire::Bytes expected = old;
  expected[2 * kBlock + 77] ^= 1;
  const auto task = run(caw(9, 3), both(expected, bytes_like(3 * kBlock, 2)));
  EXPECT_EQ(task->outcome.sense.code, codes::kMiscompare);
  EXPECT_EQ(task->outcome.sense.information, 2 * kBlock + 77);
  EXPECT_EQ(stored(9, 3), old);
  EXPECT_EQ(image().calls().writes, 0U);
}

TEST_F(OneStep, NoBlocksAreNothing) {
  EXPECT_TRUE(good(caw(9, 0)));
  EXPECT_TRUE(good(block_cdb(0x8b, 9, 0)));
}

TEST_F(OneStep, AnotherLengthOfDataIsRefused) {
  const wire::Bytes data(8 * kBlock);
  for (const size_t size : {size_t{0}, kBlock, 2 * kBlock - 1, 2 * kBlock + 1, 4 * kBlock}) {
    EXPECT_EQ(refusal(caw(0, 1), wire::View(data).part(0, size)), codes::kInvalidFieldInCdb)
        << size;
  }
}

TEST_F(OneStep, TheMostIsWhatIsAnnounced) {
  const uint8_t most = block_limits(unit()).max_compare_and_write;
  const wire::Bytes zeros(2 * most * kBlock);
  EXPECT_TRUE(good(caw(0, most), zeros));
  const wire::Bytes more(2 * (most + 1) * kBlock);
  EXPECT_EQ(refusal(caw(0, static_cast<uint8_t>(most + 1)), more), codes::kInvalidFieldInCdb);
}

TEST_F(OneStep, IsStableWhereThatIsAskedFor) {
  EXPECT_TRUE(good(caw(0, 1, 0x08), wire::Bytes(2 * kBlock)));
  EXPECT_TRUE(good(block_cdb(0x8b, 0, 1, 0x08), wire::Bytes(kBlock)));
  EXPECT_EQ(image().calls().flushes, 2U);
}

TEST_F(OneStep, FailuresOfEitherSideAreTold) {
  image().add({.op = Op::read, .error = EIO});
  EXPECT_EQ(refusal(caw(0, 1), wire::Bytes(2 * kBlock)), codes::kUnrecoveredReadError);
  image().add({.op = Op::write, .error = ENOSPC});
  EXPECT_EQ(refusal(caw(0, 1), wire::Bytes(2 * kBlock)), codes::kNoSpace);
}

TEST_F(OneStep, OrsBitsIntoWhatIsThere) {
  const wire::Bytes old = bytes_like(2 * kBlock, 1), bits = bytes_like(2 * kBlock, 90);
  store(4, old);
  const auto task = run(block_cdb(0x8b, 4, 2), bits);
  EXPECT_EQ(task->outcome.status, Status::good);
  EXPECT_EQ(task->transfer_length, 2 * kBlock);
  wire::Bytes expected = old;
  for (size_t i = 0; i < bits.size(); ++i) expected[i] |= bits[i];
  EXPECT_EQ(stored(4, 2), expected);
}

TEST_F(OneStep, OrOfLessDataThanItsBlocksIsRefused) {
  store(4, bytes_like(2 * kBlock, 1));
  EXPECT_EQ(refusal(block_cdb(0x8b, 4, 2), wire::Bytes(kBlock)), codes::kWrongDataLength);
  EXPECT_EQ(stored(4, 2), bytes_like(2 * kBlock, 1));
}

// The lock of a cluster: each turn belongs to one of them.
TEST_F(OneStep, OfManyInitiatorsOneWinsEachTurn) {
  constexpr int kHosts = 4, kTurns = 200;
  std::vector<NexusId> hosts;
  for (int i = 0; i < kHosts; ++i) hosts.push_back(bench_->open());
  std::vector<TargetBench::Pending> pending;
  int won = 0;
  for (int turn = 0; turn < kTurns; ++turn) {
    pending.clear();
    for (const NexusId host : hosts) {
      const wire::Bytes old(kBlock, static_cast<uint8_t>(turn));
      const wire::Bytes fresh(kBlock, static_cast<uint8_t>(turn + 1));
      pending.push_back(bench_->start(caw(0, 1), both(old, fresh), 0, {.nexus = host}));
    }
    for (auto& each : pending) won += each.wait()->outcome.status == Status::good ? 1 : 0;
  }
  EXPECT_EQ(won, kTurns);
}

}  // namespace
}  // namespace libcopyfile::test
