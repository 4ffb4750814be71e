#include <gtest/gtest.h>

#include "target/block_limits.h"
#include "testing/target_bench.h"
#include "wire/sense_codes.h"
#include "wire/third_party_copy.h"

namespace libcopyfile::test {
namespace {

using namespace target;
namespace codes = wire::codes;

wire::Bytes inquire(TargetBench& bench, uint8_t page, uint8_t length = 255) {
  const auto task = bench.execute({0x12, 0x01, page, 0, length, 0});
  EXPECT_EQ(task->outcome.status, Status::good);
  return task->data_in.view().copy();
}

TEST(Inquiry, StandardDataSaysWhatEsxiAndWindowsLookAt) {
  TargetBench bench;
  const auto task = bench.execute({0x12, 0, 0, 0, 96, 0});
  ASSERT_EQ(task->data_in.size(), 96U);
  EXPECT_EQ(task->transfer_length, 96U);
  const auto data = wire::decode_standard_inquiry(task->data_in.view());
  ASSERT_TRUE(data);
  EXPECT_EQ(data->qualifier, 0);
  EXPECT_EQ(data->device_type, 0);
  EXPECT_EQ(data->version, 6);
  EXPECT_TRUE(data->third_party_copy);
  EXPECT_TRUE(data->command_queueing);
  EXPECT_FALSE(data->hierarchical);
  EXPECT_EQ(data->target_port_groups, 1);
  EXPECT_EQ(data->vendor, "COPYFILE");
  EXPECT_EQ(data->versions, (std::vector<uint16_t>{0x00a0, 0x0460, 0x04c0, 0x0960}));
}

TEST(Inquiry, AnswerIsCutToTheAllocationLength) {
  TargetBench bench;
  EXPECT_EQ(bench.execute({0x12, 0, 0, 0, 5, 0})->data_in.size(), 5U);
  const auto none = bench.execute({0x12, 0, 0, 0, 0, 0});
  EXPECT_EQ(none->outcome.status, Status::good);
  EXPECT_EQ(none->data_in.size(), 0U);
}

TEST(Inquiry, PageCodeWithoutVitalProductDataIsRefused) {
  TargetBench bench;
  EXPECT_EQ(bench.execute({0x12, 0, 0x83, 0, 255, 0})->outcome.sense.code,
            codes::kInvalidFieldInCdb);
}

TEST(Inquiry, UnitThatIsNotThereHasTypeOfNothing) {
  TargetBench bench;
  const auto task = bench.execute(wire::Bytes{0x12, 0, 0, 0, 96, 0}, {.lun = 7});
  EXPECT_EQ(task->outcome.status, Status::good);
  EXPECT_EQ(task->data_in.view().u8(0), 0x7f);
  EXPECT_EQ(bench.execute(wire::Bytes{0x12, 1, 0x83, 0, 255, 0}, {.lun = 7})->outcome.sense.code,
            codes::kInvalidFieldInCdb);
}

TEST(Inquiry, WaitingAttentionIsNeitherReportedNorTaken) {
  TargetBench bench;
  const NexusId host = bench.open({}, false);
  EXPECT_EQ(bench.execute(wire::Bytes{0x12, 0, 0, 0, 96, 0}, {.nexus = host})->outcome.status,
            Status::good);
  EXPECT_EQ(bench.unit().attentions().look(host), codes::kPowerOn);
}

TEST(Inquiry, NumbersAbove255MakeTheTargetHierarchical) {
  TargetBench bench;
  bench.map("", {{300, bench.shared_unit(0)}});
  while (bench.unit().attentions().take(bench.nexus())) {
  }
  const auto task = bench.execute(wire::Bytes{0x12, 0, 0, 0, 96, 0}, {.lun = 300});
  EXPECT_TRUE(wire::decode_standard_inquiry(task->data_in.view())->hierarchical);
}

TEST(VitalProductData, PagesAreStrictlyAscendingFromZero) {
  TargetBench bench;
  const auto pages = wire::decode_supported_pages(inquire(bench, 0));
  ASSERT_TRUE(pages);
  EXPECT_EQ(*pages, (wire::Bytes{0x00, 0x80, 0x83, 0x86, 0x8f, 0xb0, 0xb1, 0xb2}));
}

TEST(VitalProductData, EveryListedPageIsThereAndOfTheLengthThatItSays) {
  TargetBench bench;
  const auto pages = wire::decode_supported_pages(inquire(bench, 0));
  ASSERT_TRUE(pages);
  for (const uint8_t page : *pages) {
    const auto task = bench.execute({0x12, 1, page, 0x10, 0, 0});
    ASSERT_EQ(task->outcome.status, Status::good) << int{page};
    const wire::View data = task->data_in.view();
    EXPECT_EQ(data.u8(0), 0);
    EXPECT_EQ(data.u8(1), page);
    EXPECT_EQ(data.size(), size_t{4} + data.be16(2));
  }
}

TEST(VitalProductData, PageThatIsNotListedIsRefusedAtItsField) {
  TargetBench bench;
  const auto task = bench.execute({0x12, 1, 0xc0, 0, 255, 0});
  EXPECT_EQ(task->outcome.sense.code, codes::kInvalidFieldInCdb);
  EXPECT_EQ(task->outcome.sense.pointer->byte, 2);
}

TEST(VitalProductData, UnitIsNamedByNaaFirst) {
  TargetBench bench;
  const auto all = wire::decode_identification(inquire(bench, 0x83));
  ASSERT_TRUE(all);
  ASSERT_EQ(all->size(), 5U);
  EXPECT_EQ(all->at(0).type, wire::DesignatorType::naa);
  EXPECT_EQ(all->at(0).value.size(), 16U);
  EXPECT_EQ(all->at(0).value[0] >> 4, 6);
  EXPECT_EQ(all->at(1).type, wire::DesignatorType::t10_vendor);
  EXPECT_EQ(all->at(1).code_set, 2);
  EXPECT_EQ(all->at(2).type, wire::DesignatorType::relative_target_port);
  EXPECT_EQ(all->at(2).value, (wire::Bytes{0, 0, 0, 1}));
  EXPECT_EQ(all->at(3).type, wire::DesignatorType::target_port_group);
  EXPECT_EQ(all->at(4).type, wire::DesignatorType::scsi_name);
  EXPECT_EQ(all->at(4).value.size() % 4, 0U);
  EXPECT_EQ(all->at(4).value.back(), 0);
}

TEST(VitalProductData, NamesStayAndDifferBetweenUnitsAndTargets) {
  const auto image = memory_image(4096);
  auto naa = [&](std::string target, std::string name, std::string serial) {
    UnitOptions options;
    options.target_name = std::move(target);
    options.name = std::move(name);
    options.serial = std::move(serial);
    return LogicalUnit(options, image).naa().value;
  };
  EXPECT_EQ(naa("iqn.a", "disk", ""), naa("iqn.a", "disk", ""));
  EXPECT_EQ(naa("iqn.a", "disk", "1"), naa("iqn.a", "renamed", "1"));
  EXPECT_NE(naa("iqn.a", "disk", ""), naa("iqn.a", "other", ""));
  EXPECT_NE(naa("iqn.a", "disk", ""), naa("iqn.b", "disk", ""));
  // A serial number that looks like another unit's name is none.
  EXPECT_NE(naa("iqn.a", "disk", ""), naa("iqn.a", "x", "disk"));
  // As every initiator on every machine has it: a change would take all disks away from their users.
  EXPECT_EQ(naa("iqn.2026-01.org.example:t", "disk0", ""),
            (wire::Bytes{0x60, 0x2c, 0x0f, 0x19, 0xdf, 0x14, 0x8c, 0x4e, 0x4a, 0x78, 0x28, 0x0b,
                         0x0d, 0xfb, 0x6f, 0xa9}));
}

TEST(VitalProductData, ThirdPartyCopyBeginsAsWindowsDemands) {
  TargetBench bench;
  const wire::Bytes page = inquire(bench, 0x8f);
  const wire::View data(page);
  EXPECT_GE(data.be16(2), 36);
  EXPECT_EQ(data.be16(4), 0);
  EXPECT_EQ(data.be16(6), 0x20);
}

TEST(VitalProductData, LimitsFollowTheFileSystemBlock) {
  TargetBench bench;
  const auto limits = wire::decode_block_limits(inquire(bench, 0xb0));
  ASSERT_TRUE(limits);
  EXPECT_TRUE(limits->write_same_needs_count);
  EXPECT_EQ(limits->optimal_granularity, 8);
  EXPECT_EQ(limits->unmap_granularity, 8U);
  EXPECT_EQ(limits->unmap_alignment, 0U);
  EXPECT_EQ(limits->max_transfer, kMaxTransfer / 512);
  EXPECT_EQ(limits->optimal_transfer, kOptimalTransfer / 512);
  EXPECT_EQ(limits->max_compare_and_write, kMaxCompareAndWrite);
}

TEST(VitalProductData, ThickUnitUnmapsNothing) {
  TargetBench::Options options;
  options.unit.thin = false;
  TargetBench bench(options);
  EXPECT_EQ(wire::decode_block_limits(inquire(bench, 0xb0))->max_unmap_blocks, 0U);
  EXPECT_EQ(wire::View(inquire(bench, 0xb2)).be16(5), 0);
}

TEST(VitalProductData, ThinUnitUnmapsInThreeWays) {
  TargetBench bench;
  const wire::Bytes page = inquire(bench, 0xb2);
  EXPECT_EQ(wire::View(page).u8(5), 0xe4);
  EXPECT_EQ(wire::View(page).u8(6), 2);
}

TEST(ReadCapacity, SixteenSaysHowToAlign) {
  TargetBench bench;
  wire::Bytes cdb(16);
  cdb[0] = 0x9e;
  cdb[1] = 0x10;
  cdb[13] = 32;
  const auto task = bench.execute(cdb, {});
  const auto capacity = wire::decode_capacity(task->data_in.view());
  ASSERT_TRUE(capacity);
  EXPECT_EQ(capacity->last_lba, (uint64_t{64} << 20) / 512 - 1);
  EXPECT_EQ(capacity->block_length, 512U);
  EXPECT_EQ(capacity->physical_exponent, 3);
  EXPECT_TRUE(capacity->provisioned);
  EXPECT_TRUE(capacity->zero_when_unmapped);
  cdb[13] = 12;
  EXPECT_EQ(bench.execute(cdb, {})->data_in.size(), 12U);
}

TEST(ReadCapacity, TenSaysAllOnesForWhatIsTooLarge) {
  TargetBench::Options options;
  options.size = uint64_t{3} << 40;
  TargetBench bench(options);
  const auto task = bench.execute({0x25, 0, 0, 0, 0, 0, 0, 0, 0, 0});
  EXPECT_EQ(task->data_in.view().be32(0), UINT32_MAX);
  EXPECT_EQ(task->data_in.view().be32(4), 512U);
}

TEST(ReadCapacity, AddressWithoutPmiIsRefused) {
  TargetBench bench;
  EXPECT_EQ(bench.execute({0x25, 0, 0, 0, 0, 1, 0, 0, 0, 0})->outcome.sense.code,
            codes::kInvalidFieldInCdb);
  EXPECT_EQ(bench.execute({0x25, 0, 0, 0, 0, 1, 0, 0, 1, 0})->outcome.status, Status::good);
}

}  // namespace
}  // namespace libcopyfile::test
