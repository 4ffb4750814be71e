// What ESXi looks at before it copies on a target, and how it does.
#include <gtest/gtest.h>

#include "testing/target_copies.h"
#include "wire/vpd.h"

namespace libcopyfile::test {
namespace {

using namespace target;
using namespace wire;

TargetBench::Options two_units() {
  TargetBench::Options options;
  options.units = 2;
  return options;
}

class VMware : public ::testing::Test {
 protected:
  VMware() : bench(two_units()) { bench.fill(0, 0, 65536, 1); }
  Bytes inquiry(uint16_t lun, uint8_t page = 0) {
    const auto vital = static_cast<uint8_t>(page == 0 ? 0 : 1);
    const TaskPtr task = bench.execute(Bytes{0x12, vital, page, 0, 255, 0}, {}, 255, {.lun = lun});
    EXPECT_TRUE(task->outcome.ok());
    return task->data_in.view().copy();
  }
  CopyBench bench;
};

TEST_F(VMware, UnitsHaveOneProductAndSayThatTheyCopy) {
  const auto a = decode_standard_inquiry(inquiry(0));
  const auto b = decode_standard_inquiry(inquiry(1));
  ASSERT_TRUE(a && b);
  EXPECT_EQ(a->product, b->product);
  EXPECT_EQ(a->vendor, b->vendor);
  EXPECT_TRUE(a->third_party_copy);
}

TEST_F(VMware, ExtendedInquiryDataIsThere) { EXPECT_EQ(inquiry(0, 0x86).at(1), 0x86); }

TEST_F(VMware, EightCopiesOfFourMegabytesRunAtOnceWithoutNames) {
  constexpr uint16_t kBlocks = 8192;
  std::vector<TargetBench::Pending> pending;
  for (uint64_t i = 0; i < 8; ++i) {
    BlockSegment segment;
    segment.blocks = kBlocks;
    segment.source_lba = i * kBlocks;
    segment.destination_lba = (7 - i) * kBlocks;
    pending.push_back(bench.start_copy(bench.list({segment}), {.lun = 1}));
  }
  for (auto& one : pending) EXPECT_EQ(one.wait()->outcome.status, Status::good);
  for (uint64_t i = 0; i < 8; ++i) {
    EXPECT_EQ(bench.bytes(1, (7 - i) * kBlocks, kBlocks), bench.bytes(0, i * kBlocks, kBlocks));
  }
}

// ATS: a host takes a lock by comparing and writing one block.
TEST_F(VMware, LocksAreTakenByCompareAndWrite) {
  const Bytes before = bench.bytes(0, 8, 1);
  const Bytes mine = pattern(512, 42);
  Bytes data = before;
  data.insert(data.end(), mine.begin(), mine.end());
  Bytes cdb(16);
  cdb[0] = 0x89;
  cdb[9] = 8;
  cdb[13] = 1;
  EXPECT_EQ(bench.execute(cdb, data, 0, {})->outcome.status, Status::good);
  EXPECT_EQ(bench.bytes(0, 8, 1), mine);
  const TaskPtr second = bench.execute(cdb, data, 0, {});
  EXPECT_EQ(ending_of(*second).code, (SenseCode{SenseKey::miscompare, 0x1d, 0x00}));
}

}  // namespace
}  // namespace libcopyfile::test
