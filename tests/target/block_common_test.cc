// What all commands on ranges of blocks do alike.
#include "tests/target/blocks.h"

namespace libcopyfile::test {
namespace {

using namespace target;

class BlockCommands : public BlockTest, public ::testing::WithParamInterface<BlockCommand> {
 protected:
  wire::Bytes cdb(uint64_t lba, uint64_t blocks, uint8_t flags = 0) const {
    const auto flag = static_cast<uint8_t>(GetParam().flags | flags);
    if (GetParam().opcode != 0x89) return block_cdb(GetParam().opcode, lba, blocks, flag);
    wire::Bytes cdb = block_cdb(0x89, lba, 0, flag);
    cdb[13] = static_cast<uint8_t>(blocks);
    return cdb;
  }
  wire::Bytes data() const { return wire::Bytes(GetParam().data_blocks * kBlock); }
  bool is_long() const { return GetParam().opcode >= 0x80 && GetParam().opcode < 0xa0; }
};

INSTANTIATE_TEST_SUITE_P(
    All, BlockCommands,
    ::testing::Values(
        BlockCommand{0x28, 0, 0, "Read10", false}, BlockCommand{0xa8, 0, 0, "Read12", false},
        BlockCommand{0x88, 0, 0, "Read16", false}, BlockCommand{0x2a, 0, 1, "Write10", true},
        BlockCommand{0xaa, 0, 1, "Write12", true}, BlockCommand{0x8a, 0, 1, "Write16", true},
        BlockCommand{0x2e, 0, 1, "WriteVerify10", true},
        BlockCommand{0xae, 2, 1, "WriteVerify12", true},
        BlockCommand{0x8e, 2, 1, "WriteVerify16", true},
        BlockCommand{0x2f, 0, 0, "Verify10", false}, BlockCommand{0xaf, 2, 1, "Verify12", false},
        BlockCommand{0x8f, 6, 1, "Verify16", false}, BlockCommand{0x8b, 0, 1, "OrWrite16", true},
        BlockCommand{0x89, 0, 2, "CompareAndWrite", true},
        BlockCommand{0x34, 0, 0, "PreFetch10", false, Status::condition_met},
        BlockCommand{0x90, 0, 0, "PreFetch16", false, Status::condition_met},
        BlockCommand{0x35, 0, 0, "SynchronizeCache10", false},
        BlockCommand{0x91, 0, 0, "SynchronizeCache16", false},
        BlockCommand{0x41, 0, 1, "WriteSame10", true},
        BlockCommand{0x93, 0, 1, "WriteSame16", true}),
    [](const auto& test) { return std::string(test.param.name); });

TEST_P(BlockCommands, ReachTheLastBlock) {
  EXPECT_EQ(run(cdb(kBlocks - 1, 1), data())->outcome.status, GetParam().good);
}

TEST_P(BlockCommands, DoNotReachBehindIt) {
  const auto task = run(cdb(kBlocks - 1, 2), data());
  EXPECT_EQ(task->outcome.sense.code, codes::kLbaOutOfRange);
  EXPECT_EQ(task->outcome.sense.information, kBlocks);
  EXPECT_EQ(refusal(cdb(kBlocks, 1), data()), codes::kLbaOutOfRange);
  EXPECT_EQ(refusal(cdb(0xffffffff, 1), data()), codes::kLbaOutOfRange);
  EXPECT_EQ(image().calls().writes, 0U);
}

TEST_P(BlockCommands, OfSixteenBytesDoNotWrapAround) {
  if (!is_long()) return;
  for (const uint64_t lba : {uint64_t{1} << 63, UINT64_MAX, UINT64_MAX / kBlock + 1}) {
    EXPECT_EQ(refusal(cdb(lba, 1), data()), codes::kLbaOutOfRange) << lba;
    EXPECT_EQ(refusal(cdb(lba, 0), data()), codes::kLbaOutOfRange) << lba;
  }
}

TEST_P(BlockCommands, OfNothingBehindTheEndAreRefused) {
  EXPECT_EQ(refusal(cdb(kBlocks + 1, 0)), codes::kLbaOutOfRange);
}

TEST_P(BlockCommands, RefuseProtectionInformation) {
  for (uint8_t protect = 1; protect < 8; ++protect) {
    if (GetParam().opcode == 0x34 || GetParam().opcode == 0x90) continue;
    EXPECT_EQ(refusal(cdb(0, 1, static_cast<uint8_t>(protect << 5)), data()),
              codes::kInvalidFieldInCdb);
  }
}

TEST_P(BlockCommands, ThatWriteAreRefusedByAReadOnlyUnit) {
  TargetBench::Options options;
  options.image.read_only = true;
  make(options);
  const auto task = run(cdb(0, 1), data());
  if (GetParam().writes) {
    EXPECT_EQ(task->outcome.sense.code, codes::kWriteProtected);
  } else {
    EXPECT_EQ(task->outcome.status, GetParam().good);
  }
}

TEST_P(BlockCommands, AreTheSameWhereNothingCanBeDoneWithoutWaiting) {
  TargetBench::Options options;
  options.image.would_block = true;
  make(options);
  EXPECT_EQ(run(cdb(7, 1), data())->outcome.status, GetParam().good);
}

TEST_P(BlockCommands, WorkOnLargeBlocks) {
  TargetBench::Options options;
  options.block_length = 4096;
  make(options);
  const wire::Bytes block(GetParam().data_blocks * size_t{4096});
  EXPECT_EQ(run(cdb(kBlocks / 8 - 1, 1), block)->outcome.status, GetParam().good);
  EXPECT_EQ(refusal(cdb(kBlocks / 8, 1), block), codes::kLbaOutOfRange);
}

TEST_P(BlockCommands, TellWatchersBeforeTheyWrite) {
  struct Watcher : WriteWatcher {
    void written(Range bytes) override { seen = bytes; }
    Range seen;
  };
  const auto watcher = std::make_shared<Watcher>();
  unit().watch(watcher);
  EXPECT_EQ(run(cdb(10, 1), data())->outcome.status, GetParam().good);
  EXPECT_EQ(watcher->seen, GetParam().writes ? (Range{10 * kBlock, 11 * kBlock}) : Range{});
}

TEST_P(BlockCommands, ThatWriteWaitForWhoeverHoldsTheRange) {
  if (!GetParam().writes) return;
  auto hold = unit().locks().acquire({5 * kBlock, 6 * kBlock}, RangeLocks::Mode::shared);
  auto pending = bench_->start(cdb(5, 1), data(), 0, {});
  usleep(20'000);
  EXPECT_FALSE(pending.done());
  EXPECT_EQ(image().calls().writes + image().calls().zeros, 0U);
  hold = {};
  EXPECT_EQ(pending.wait()->outcome.status, Status::good);
}

TEST_P(BlockCommands, ThatWriteAreStableWithoutAWriteCache) {
  set_write_cache(false);
  EXPECT_EQ(run(cdb(5, 1), data())->outcome.status, GetParam().good);
  if (GetParam().writes) {
    EXPECT_GE(image().calls().flushes, 1U);
  }
}

}  // namespace
}  // namespace libcopyfile::test
