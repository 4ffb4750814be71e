#include "tests/target/blocks.h"

namespace libcopyfile::test {
namespace {

using namespace target;

constexpr uint8_t kAll = 0x02, kReserved = 0x04, kOneBlock = 0x06;

class Verify : public BlockTest {};

TEST_F(Verify, WithoutDataItReadsTheMedium) {
  for (const uint8_t opcode : std::initializer_list<uint8_t>{0x2f, 0xaf, 0x8f}) {
    const auto task = run(block_cdb(opcode, 5, 4));
    EXPECT_EQ(task->outcome.status, Status::good);
    EXPECT_EQ(task->transfer_length, 0U);
  }
  EXPECT_EQ(image().calls().reads, 3U);
  image().add({.op = Op::read, .error = EIO});
  EXPECT_EQ(refusal(block_cdb(0x2f, 5, 4)), codes::kUnrecoveredReadError);
}

TEST_F(Verify, ComparesAllOfTheData) {
  // More than is compared at once.
  wire::Bytes data = bytes_like(5000 * kBlock, 1);
  store(11, data);
  EXPECT_TRUE(good(block_cdb(0xaf, 11, 5000, kAll), data));
  data[4999 * kBlock + 3] ^= 0x40;
  const auto task = run(block_cdb(0xaf, 11, 5000, kAll), data);
  EXPECT_EQ(task->outcome.sense.code, codes::kMiscompare);
  EXPECT_EQ(task->outcome.sense.information, 4999 * kBlock + 3);
  EXPECT_EQ(task->transfer_length, data.size());
}

TEST_F(Verify, ComparesOneBlockWithEach) {
  const wire::Bytes block = bytes_like(kBlock, 1);
  for (uint64_t lba = 20; lba < 30; ++lba) store(lba, block);
  const auto task = run(block_cdb(0x2f, 20, 10, kOneBlock), block);
  EXPECT_EQ(task->outcome.status, Status::good);
  EXPECT_EQ(task->transfer_length, kBlock);
  EXPECT_EQ(refusal(block_cdb(0x2f, 20, 11, kOneBlock), block), codes::kMiscompare);
}

TEST_F(Verify, DataThatIsMissingIsNotGuessed) {
  EXPECT_EQ(refusal(block_cdb(0x2f, 0, 2, kAll), wire::Bytes(kBlock)), codes::kWrongDataLength);
  EXPECT_EQ(refusal(block_cdb(0x2f, 0, 2, kOneBlock), wire::Bytes(kBlock - 1)),
            codes::kWrongDataLength);
}

TEST_F(Verify, RefusesChecksThatThereAreNot) {
  EXPECT_EQ(refusal(block_cdb(0x2f, 0, 1, kReserved), wire::Bytes(kBlock)),
            codes::kInvalidFieldInCdb);
  EXPECT_EQ(refusal(block_cdb(0x2e, 0, 1, kReserved), wire::Bytes(kBlock)),
            codes::kInvalidFieldInCdb);
  EXPECT_EQ(refusal(block_cdb(0x2e, 0, 1, kOneBlock), wire::Bytes(kBlock)),
            codes::kInvalidFieldInCdb);
}

TEST_F(Verify, NoBlocksAreNothing) {
  for (const uint8_t flags : {uint8_t{0}, kAll, kOneBlock}) {
    EXPECT_TRUE(good(block_cdb(0x2f, 0, 0, flags)));
  }
  EXPECT_EQ(image().calls().reads, 0U);
}

TEST_F(Verify, WritesMakesStableAndReads) {
  uint8_t seed = 1;
  for (const uint8_t opcode : std::initializer_list<uint8_t>{0x2e, 0xae, 0x8e}) {
    for (const uint8_t flags : {uint8_t{0}, kAll}) {
      const wire::Bytes data = bytes_like(2 * kBlock, seed++);
      const auto task = run(block_cdb(opcode, 3, 2, flags), data);
      EXPECT_EQ(task->outcome.status, Status::good);
      EXPECT_EQ(task->transfer_length, 2 * kBlock);
      EXPECT_EQ(stored(3, 2), data);
    }
  }
  EXPECT_EQ(image().calls().flushes, 6U);
  EXPECT_EQ(image().calls().reads, 6U);
}

TEST_F(Verify, AWriteThatCannotBeReadBackHasFailed) {
  image().add({.op = Op::read, .error = EIO});
  EXPECT_EQ(refusal(block_cdb(0x2e, 3, 1), wire::Bytes(kBlock)), codes::kUnrecoveredReadError);
}

TEST_F(Verify, LessDataIsWrittenInWholeBlocks) {
  const auto task = run(block_cdb(0x2e, 3, 2, kAll), bytes_like(kBlock + 7, 1));
  EXPECT_EQ(task->outcome.status, Status::good);
  EXPECT_EQ(task->transfer_length, 2 * kBlock);
  EXPECT_EQ(stored(3, 1), bytes_like(kBlock, 1));
  EXPECT_EQ(stored(4, 1), wire::Bytes(kBlock));
}

}  // namespace
}  // namespace libcopyfile::test
