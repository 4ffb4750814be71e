#include "tests/target/blocks.h"

namespace libcopyfile::test {
namespace {

using namespace target;

class ReadWrite : public BlockTest {};

TEST_F(ReadWrite, EveryLengthOfCdbReadsTheSameBlocks) {
  const wire::Bytes data = bytes_like(3 * kBlock, 1);
  store(100, data);
  for (const uint8_t opcode : std::initializer_list<uint8_t>{0x08, 0x28, 0xa8, 0x88}) {
    const auto task = run(block_cdb(opcode, 100, 3));
    EXPECT_EQ(task->outcome.status, Status::good);
    EXPECT_EQ(task->data_in.view().copy(), data) << int{opcode};
    EXPECT_EQ(task->transfer_length, data.size());
  }
}

TEST_F(ReadWrite, EveryLengthOfCdbWritesTheSameBlocks) {
  uint8_t seed = 1;
  for (const uint8_t opcode : std::initializer_list<uint8_t>{0x0a, 0x2a, 0xaa, 0x8a}) {
    const wire::Bytes data = bytes_like(2 * kBlock, seed++);
    const auto task = run(block_cdb(opcode, 7, 2), data);
    EXPECT_EQ(task->outcome.status, Status::good);
    EXPECT_EQ(task->transfer_length, data.size());
    EXPECT_EQ(stored(7, 2), data) << int{opcode};
  }
  EXPECT_EQ(unit().counters().writes, 4U);
  EXPECT_EQ(unit().counters().written_bytes, 8 * kBlock);
}

TEST_F(ReadWrite, NoBlocksInSixBytesAreTwoHundredAndFiftySix) {
  EXPECT_EQ(run(block_cdb(0x08, 0, 0))->data_in.size(), 256 * kBlock);
  EXPECT_TRUE(good(block_cdb(0x0a, 0, 0), bytes_like(256 * kBlock, 2)));
  EXPECT_EQ(stored(0, 256), bytes_like(256 * kBlock, 2));
}

TEST_F(ReadWrite, SixBytesHaveAnAddressOfTwentyOneBits) {
  store(kBlocks - 1, bytes_like(kBlock, 9));
  EXPECT_EQ(run(block_cdb(0x08, kBlocks - 1, 1))->data_in.view().copy(), bytes_like(kBlock, 9));
  EXPECT_EQ(refusal(block_cdb(0x08, 0x1fffff, 1)), codes::kLbaOutOfRange);
}

TEST_F(ReadWrite, NoBlocksAreNothing) {
  for (const uint8_t opcode : std::initializer_list<uint8_t>{0x28, 0xa8, 0x88, 0x2a, 0xaa, 0x8a}) {
    const auto task = run(block_cdb(opcode, 5, 0), bytes_like(kBlock, 1));
    EXPECT_EQ(task->outcome.status, Status::good);
    EXPECT_EQ(task->transfer_length, 0U);
    EXPECT_EQ(task->data_in.size(), 0U);
  }
  EXPECT_EQ(image().calls().reads + image().calls().writes, 0U);
}

TEST_F(ReadWrite, MoreThanTheLimitIsRefused) {
  const uint32_t most = block_limits(unit()).max_transfer;
  EXPECT_EQ(run(block_cdb(0x88, 0, most))->data_in.size(), most * kBlock);
  EXPECT_EQ(refusal(block_cdb(0x88, 0, most + 1)), codes::kInvalidFieldInCdb);
  EXPECT_EQ(refusal(block_cdb(0x8a, 0, most + 1)), codes::kInvalidFieldInCdb);
  EXPECT_EQ(refusal(block_cdb(0x8f, 0, most + 1)), codes::kInvalidFieldInCdb);
}

TEST_F(ReadWrite, MoreDataThanTheCdbSaysIsLeftOut) {
  store(3, bytes_like(kBlock, 50));
  const auto task = run(block_cdb(0x2a, 2, 1), bytes_like(2 * kBlock, 1));
  EXPECT_EQ(task->outcome.status, Status::good);
  EXPECT_EQ(task->transfer_length, kBlock);
  EXPECT_EQ(stored(3, 1), bytes_like(kBlock, 50));
}

TEST_F(ReadWrite, LessDataThanTheCdbSaysIsWrittenInWholeBlocks) {
  const wire::Bytes data = bytes_like(kBlock + 200, 1);
  const auto task = run(block_cdb(0x2a, 2, 2), data);
  EXPECT_EQ(task->outcome.status, Status::good);
  EXPECT_EQ(task->transfer_length, 2 * kBlock);
  EXPECT_EQ(stored(2, 1), bytes_like(kBlock, 1));
  EXPECT_EQ(stored(3, 1), wire::Bytes(kBlock));
  EXPECT_TRUE(good(block_cdb(0x2a, 2, 1)));
  EXPECT_EQ(stored(2, 1), bytes_like(kBlock, 1));
}

TEST_F(ReadWrite, FlushesOnlyWhatMustBeStable) {
  EXPECT_TRUE(good(block_cdb(0x2a, 0, 1), bytes_like(kBlock, 1)));
  EXPECT_EQ(image().calls().flushes, 0U);
  for (const uint8_t opcode : std::initializer_list<uint8_t>{0x2a, 0xaa, 0x8a}) {
    const unsigned before = image().calls().flushes;
    EXPECT_TRUE(good(block_cdb(opcode, 0, 1, 0x08), bytes_like(kBlock, 1)));
    EXPECT_EQ(image().calls().flushes, before + 1);
  }
  EXPECT_TRUE(good(block_cdb(0x2a, 0, 1, 0x10), bytes_like(kBlock, 1)));
  EXPECT_TRUE(good(block_cdb(0x28, 0, 1, 0x10)));
  EXPECT_EQ(image().calls().flushes, 3U);
}

TEST_F(ReadWrite, AForcedReadIsOfStableData) {
  EXPECT_TRUE(good(block_cdb(0x28, 0, 1, 0x08)));
  EXPECT_EQ(image().calls().flushes, 1U);
}

TEST_F(ReadWrite, WhatFailsIsToldByItsKind) {
  image().add({.op = Op::read, .error = EIO});
  EXPECT_EQ(refusal(block_cdb(0x28, 0, 1)), codes::kUnrecoveredReadError);
  image().add({.op = Op::write, .error = EIO});
  EXPECT_EQ(refusal(block_cdb(0x2a, 0, 1), bytes_like(kBlock, 1)), codes::kWriteError);
  image().add({.op = Op::write, .error = ENOSPC});
  EXPECT_EQ(refusal(block_cdb(0x2a, 0, 1), bytes_like(kBlock, 1)), codes::kNoSpace);
  image().add({.op = Op::sync, .error = EIO});
  EXPECT_EQ(refusal(block_cdb(0x2a, 0, 1, 0x08), bytes_like(kBlock, 1)), codes::kWriteError);
}

TEST_F(ReadWrite, WhatMayNotWaitIsNotAskedTwiceWhereItNeedNot) {
  EXPECT_TRUE(good(block_cdb(0x28, 0, 1)));
  EXPECT_EQ(image().calls().reads, 1U);
  EXPECT_EQ(image().calls().refused_to_block, 0U);
}

}  // namespace
}  // namespace libcopyfile::test
