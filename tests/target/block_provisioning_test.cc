// WRITE SAME, UNMAP, GET LBA STATUS, and what is said about the cache.
#include "tests/target/blocks.h"

namespace libcopyfile::test {
namespace {

using namespace target;

constexpr uint8_t kUnmap = 0x08, kNoData = 0x01, kAnchor = 0x10;

class Provisioning : public BlockTest {
 protected:
  struct Extent {
    uint64_t lba;
    uint32_t blocks;
  };
  static wire::Bytes list_of(const std::vector<Extent>& extents) {
    wire::Bytes list(8 + 16 * extents.size());
    wire::Writer out(list);
    out.be16(0, static_cast<uint16_t>(list.size() - 2));
    out.be16(2, static_cast<uint16_t>(list.size() - 8));
    for (size_t i = 0; i < extents.size(); ++i) {
      out.be64(8 + 16 * i, extents[i].lba);
      out.be32(16 + 16 * i, extents[i].blocks);
    }
    return list;
  }
  static wire::Bytes unmap_cdb(size_t length, uint8_t flags = 0) {
    wire::Bytes cdb{0x42, flags, 0, 0, 0, 0, 0, 0, 0, 0};
    wire::Writer(cdb).be16(7, static_cast<uint16_t>(length));
    return cdb;
  }
  TaskPtr unmap(const std::vector<Extent>& extents) {
    const wire::Bytes list = list_of(extents);
    return run(unmap_cdb(list.size()), list);
  }
  static wire::Bytes status_cdb(uint64_t lba, uint32_t allocation) {
    wire::Bytes cdb(16);
    wire::Writer out(cdb);
    out.u8(0, 0x9e);
    out.u8(1, 0x12);
    out.be64(2, lba);
    out.be32(10, allocation);
    return cdb;
  }
};

TEST_F(Provisioning, OneBlockIsWrittenAgainAndAgain) {
  const wire::Bytes block = bytes_like(kBlock, 3);
  for (const uint8_t opcode : std::initializer_list<uint8_t>{0x41, 0x93}) {
    const auto task = run(block_cdb(opcode, 10, 5000), block);
    EXPECT_EQ(task->outcome.status, Status::good);
    EXPECT_EQ(task->transfer_length, kBlock);
    for (const uint64_t lba : {10, 11, 2058, 2059, 5009}) EXPECT_EQ(stored(lba, 1), block) << lba;
    EXPECT_EQ(stored(9, 1), wire::Bytes(kBlock));
    EXPECT_EQ(stored(5010, 1), wire::Bytes(kBlock));
  }
}

TEST_F(Provisioning, ZerosAreNotWrittenOut) {
  store(8, bytes_like(16 * kBlock, 1));
  EXPECT_TRUE(good(block_cdb(0x93, 8, 16), wire::Bytes(kBlock)));
  EXPECT_EQ(stored(8, 16), wire::Bytes(16 * kBlock));
  EXPECT_EQ(image().calls().writes, 0U);
  EXPECT_EQ(image().allocated(), 16 * kBlock);
}

TEST_F(Provisioning, ZerosCanBeUnmapped) {
  for (const uint8_t opcode : std::initializer_list<uint8_t>{0x41, 0x93}) {
    store(8, bytes_like(16 * kBlock, 1));
    EXPECT_TRUE(good(block_cdb(opcode, 8, 16, kUnmap), wire::Bytes(kBlock)));
    EXPECT_EQ(stored(8, 16), wire::Bytes(16 * kBlock));
    EXPECT_EQ(image().allocated(), 0U);
  }
  EXPECT_EQ(unit().counters().unmapped_bytes, 32 * kBlock);
}

TEST_F(Provisioning, APatternIsWrittenEvenWhereItMayBeUnmapped) {
  EXPECT_TRUE(good(block_cdb(0x93, 8, 2, kUnmap), bytes_like(kBlock, 7)));
  EXPECT_EQ(stored(9, 1), bytes_like(kBlock, 7));
}

TEST_F(Provisioning, WithoutDataItIsZeros) {
  store(8, bytes_like(8 * kBlock, 1));
  const auto task = run(block_cdb(0x93, 8, 8, kNoData));
  EXPECT_EQ(task->outcome.status, Status::good);
  EXPECT_EQ(task->transfer_length, 0U);
  EXPECT_EQ(stored(8, 8), wire::Bytes(8 * kBlock));
  // The short one has no such bit.
  EXPECT_EQ(refusal(block_cdb(0x41, 8, 8, kNoData)), codes::kInvalidFieldInCdb);
}

TEST_F(Provisioning, DataThatIsNotOneBlockIsRefused) {
  const wire::Bytes data = bytes_like(2 * kBlock, 1);
  for (const size_t size : {size_t{0}, kBlock / 2, 2 * kBlock}) {
    const wire::View part = wire::View(data).part(0, size);
    EXPECT_EQ(refusal(block_cdb(0x41, 0, 1), part), codes::kWrongDataLength);
    EXPECT_EQ(refusal(block_cdb(0x93, 0, 1), part), codes::kWrongDataLength);
  }
}

TEST_F(Provisioning, NothingIsAnchored) {
  const wire::Bytes block(kBlock);
  EXPECT_EQ(refusal(block_cdb(0x93, 0, 1, kAnchor | kUnmap), block), codes::kInvalidFieldInCdb);
  EXPECT_EQ(refusal(block_cdb(0x41, 0, 1, kAnchor), block), codes::kInvalidFieldInCdb);
  EXPECT_EQ(refusal(unmap_cdb(24, 1), list_of({{0, 1}})), codes::kInvalidFieldInCdb);
}

TEST_F(Provisioning, NoBlocksAreWhatIsAnnounced) {
  const wire::Bytes block(kBlock);
  for (const uint8_t opcode : std::initializer_list<uint8_t>{0x41, 0x93}) {
    const auto task = run(block_cdb(opcode, kBlocks - 3, 0), block);
    if (block_limits(unit()).write_same_needs_count) {
      EXPECT_EQ(task->outcome.sense.code, codes::kInvalidFieldInCdb);
    } else {
      EXPECT_EQ(task->outcome.status, Status::good);
    }
  }
}

TEST_F(Provisioning, TheLongestWriteSameIsWhatIsAnnounced) {
  TargetBench::Options options;
  options.size = uint64_t{1} << 40;
  options.image.granularity = 1U << 20;
  make(options);
  const uint64_t most = block_limits(unit()).max_write_same;
  EXPECT_TRUE(good(block_cdb(0x93, 0, most, kUnmap | kNoData)));
  EXPECT_EQ(refusal(block_cdb(0x93, 0, most + 1, kUnmap | kNoData)), codes::kInvalidFieldInCdb);
}

TEST_F(Provisioning, AThickUnitUnmapsNothing) {
  TargetBench::Options options;
  options.unit.thin = false;
  make(options);
  EXPECT_EQ(refusal(unmap_cdb(24), list_of({{0, 1}})), codes::kInvalidOperation);
  EXPECT_EQ(refusal(block_cdb(0x93, 0, 1, kUnmap), wire::Bytes(kBlock)), codes::kInvalidFieldInCdb);
  EXPECT_TRUE(good(block_cdb(0x93, 0, 1), wire::Bytes(kBlock)));
}

TEST_F(Provisioning, UnmapsEachRange) {
  store(0, bytes_like(64 * kBlock, 1));
  const auto task = unmap({{8, 8}, {0, 0}, {32, 16}});
  EXPECT_EQ(task->outcome.status, Status::good);
  EXPECT_EQ(task->transfer_length, 8U + 48);
  wire::Bytes expected = bytes_like(64 * kBlock, 1);
  std::fill_n(expected.begin() + 8 * kBlock, 8 * kBlock, 0);
  std::fill_n(expected.begin() + 32 * kBlock, 16 * kBlock, 0);
  EXPECT_EQ(stored(0, 64), expected);
  EXPECT_EQ(image().allocated(), 40 * kBlock);
  EXPECT_EQ(unit().counters().unmapped_bytes, 24 * kBlock);
}

TEST_F(Provisioning, PartsOfTheBlocksOfTheFileReadAsZero) {
  store(0, bytes_like(16 * kBlock, 1));
  EXPECT_EQ(unmap({{1, 2}})->outcome.status, Status::good);
  EXPECT_EQ(stored(1, 2), wire::Bytes(2 * kBlock));
  const wire::Bytes all = bytes_like(16 * kBlock, 1);
  EXPECT_EQ(stored(0, 1), wire::Bytes(all.begin(), all.begin() + kBlock));
  EXPECT_EQ(stored(3, 1), wire::Bytes(all.begin() + 3 * kBlock, all.begin() + 4 * kBlock));
}

TEST_F(Provisioning, UnmapOfNothingIsFine) {
  EXPECT_TRUE(good(unmap_cdb(0)));
  EXPECT_EQ(unmap({})->outcome.status, Status::good);
  EXPECT_EQ(unmap({{5, 0}})->outcome.status, Status::good);
  EXPECT_EQ(unmap({{kBlocks, 0}})->outcome.status, Status::good);
  EXPECT_EQ(image().calls().zeros, 0U);
}

TEST_F(Provisioning, NothingIsUnmappedIfOneRangeIsWrong) {
  store(0, bytes_like(16 * kBlock, 1));
  for (const Extent wrong : {Extent{kBlocks - 1, 2}, Extent{UINT64_MAX, 2}, Extent{kBlocks, 1},
                             Extent{kBlocks + 1, 0}}) {
    EXPECT_EQ(unmap({{0, 8}, wrong})->outcome.sense.code, codes::kLbaOutOfRange) << wrong.lba;
  }
  EXPECT_EQ(stored(0, 16), bytes_like(16 * kBlock, 1));
}

TEST_F(Provisioning, ListsThatAreNotWhatTheySayAreRefused) {
  const wire::Bytes list = list_of({{0, 8}, {16, 8}});
  for (size_t length = 1; length < 8; ++length) {
    EXPECT_EQ(refusal(unmap_cdb(length), list), codes::kParameterListLength) << length;
  }
  // The descriptors reach behind the list.
  EXPECT_EQ(refusal(unmap_cdb(list.size() - 1), list), codes::kParameterListLength);
  // Less came than the CDB says.
  EXPECT_EQ(refusal(unmap_cdb(list.size()), wire::View(list).part(0, 20)), codes::kWrongDataLength);
  wire::Bytes wrong = list;
  wire::Writer(wrong).be16(2, 0xffff);
  EXPECT_EQ(refusal(unmap_cdb(wrong.size()), wrong), codes::kParameterListLength);
  wrong = list;
  wire::Writer(wrong).be16(0, 10);
  EXPECT_EQ(refusal(unmap_cdb(wrong.size()), wrong), codes::kInvalidFieldInList);
  EXPECT_EQ(image().calls().zeros, 0U);
}

TEST_F(Provisioning, ALastDescriptorThatIsNotWholeIsIgnored) {
  store(0, bytes_like(32 * kBlock, 1));
  wire::Bytes list = list_of({{0, 8}, {16, 8}});
  wire::Writer(list).be16(2, 31);
  EXPECT_TRUE(good(unmap_cdb(list.size()), list));
  EXPECT_EQ(stored(0, 8), wire::Bytes(8 * kBlock));
  EXPECT_NE(stored(16, 8), wire::Bytes(8 * kBlock));
}

TEST_F(Provisioning, MoreThanIsAnnouncedIsRefused) {
  TargetBench::Options options;
  options.size = uint64_t{1} << 40;
  options.image.granularity = 1U << 20;
  make(options);
  const wire::BlockLimits limits = block_limits(unit());
  EXPECT_EQ(unmap({{0, limits.max_unmap_blocks}})->outcome.status, Status::good);
  EXPECT_EQ(unmap({{0, limits.max_unmap_blocks + 1}})->outcome.sense.code,
            codes::kInvalidFieldInList);
  EXPECT_EQ(unmap({{0, limits.max_unmap_blocks}, {0, 1}})->outcome.sense.code,
            codes::kInvalidFieldInList);
  std::vector<Extent> many(limits.max_unmap_descriptors, Extent{0, 1});
  EXPECT_EQ(unmap(many)->outcome.status, Status::good);
  many.push_back({0, 1});
  EXPECT_EQ(unmap(many)->outcome.sense.code, codes::kInvalidFieldInList);
}

TEST_F(Provisioning, FailedUnmapsAreTold) {
  image().add({.op = Op::punch, .error = ENOSPC});
  EXPECT_EQ(unmap({{0, 8}})->outcome.sense.code, codes::kNoSpace);
}

TEST_F(Provisioning, TellsWhichBlocksAreMapped) {
  store(8, bytes_like(8 * kBlock, 1));
  const auto task = run(status_cdb(0, 1000));
  ASSERT_EQ(task->outcome.status, Status::good);
  const wire::View data = task->data_in.view();
  ASSERT_EQ(data.size(), 8U + 3 * 16);
  EXPECT_EQ(data.be32(0), 4U + 3 * 16);
  const struct {
    uint64_t lba;
    uint32_t blocks;
    uint8_t status;
  } expected[] = {{0, 8, 1}, {8, 8, 0}, {16, kBlocks - 16, 1}};
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(data.be64(8 + 16 * i), expected[i].lba);
    EXPECT_EQ(data.be32(16 + 16 * i), expected[i].blocks);
    EXPECT_EQ(data.u8(20 + 16 * i), expected[i].status);
  }
}

TEST_F(Provisioning, TellsAsManyRunsAsThereIsRoomFor) {
  store(8, bytes_like(8 * kBlock, 1));
  EXPECT_EQ(run(status_cdb(0, 24))->data_in.size(), 24U);
  EXPECT_EQ(run(status_cdb(0, 40))->data_in.size(), 40U);
  EXPECT_EQ(run(status_cdb(9, 24))->data_in.view().be64(8), 9U);
  EXPECT_EQ(run(status_cdb(0, 10))->data_in.size(), 10U);
  EXPECT_EQ(run(status_cdb(0, 0))->data_in.size(), 0U);
  EXPECT_EQ(run(status_cdb(kBlocks - 1, 24))->data_in.view().be32(16), 1U);
  EXPECT_EQ(refusal(status_cdb(kBlocks, 24)), codes::kLbaOutOfRange);
  EXPECT_EQ(refusal(status_cdb(UINT64_MAX, 24)), codes::kLbaOutOfRange);
}

TEST_F(Provisioning, ALongRunHasMoreBlocksThanItsFieldHolds) {
  TargetBench::Options options;
  options.size = uint64_t{4} << 40;
  options.image.granularity = 1U << 26;
  make(options);
  EXPECT_EQ(run(status_cdb(0, 24))->data_in.view().be32(16), UINT32_MAX);
}

TEST_F(Provisioning, FlushesTheCacheBeforeItAnswers) {
  for (const uint8_t opcode : std::initializer_list<uint8_t>{0x35, 0x91}) {
    const unsigned before = image().calls().flushes;
    EXPECT_TRUE(good(block_cdb(opcode, 0, 0)));
    EXPECT_EQ(image().calls().flushes, before + 1);
  }
  image().add({.op = Op::sync, .error = EIO});
  EXPECT_EQ(refusal(block_cdb(0x35, 0, 0)), codes::kWriteError);
}

TEST_F(Provisioning, FlushesBehindAnImmediateAnswer) {
  EXPECT_TRUE(good(block_cdb(0x35, 0, 0, 0x02)));
  for (int i = 0; i < 1000 && image().calls().flushes == 0; ++i) usleep(1000);
  EXPECT_EQ(image().calls().flushes, 1U);
}

TEST_F(Provisioning, PrefetchesToTheEnd) {
  EXPECT_EQ(run(block_cdb(0x34, 4, 0))->outcome.status, Status::condition_met);
  EXPECT_EQ(run(block_cdb(0x90, 4, 1, 0x02))->outcome.status, Status::condition_met);
  EXPECT_EQ(image().calls().prefetches, 2U);
}

}  // namespace
}  // namespace libcopyfile::test
