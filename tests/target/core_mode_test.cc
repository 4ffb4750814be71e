#include <gtest/gtest.h>

#include "target/mode_pages.h"
#include "testing/target_bench.h"
#include "wire/sense_codes.h"

namespace libcopyfile::test {
namespace {

using namespace target;
using wire::Bytes;
namespace codes = wire::codes;

const Bytes kTestUnitReady = {0, 0, 0, 0, 0, 0};

Bytes sense_page(TargetBench& bench, uint8_t page, uint8_t control = 0) {
  const auto task =
      bench.execute({0x1a, 0x08, static_cast<uint8_t>(control << 6 | page), 0, 255, 0});
  EXPECT_EQ(task->outcome.status, Status::good);
  return task->data_in.view().from(4).copy();
}

// Header without descriptors, and this page.
TaskPtr select_page(TargetBench& bench, const Bytes& page, NexusId nexus = 0) {
  Bytes list(4);
  list.insert(list.end(), page.begin(), page.end());
  return bench.execute({0x15, 0x10, 0, 0, static_cast<uint8_t>(list.size()), 0}, list, 0,
                       {.nexus = nexus});
}

TEST(ModeSense, AllPagesAscend) {
  TargetBench bench;
  const auto task = bench.execute({0x1a, 0, 0x3f, 0, 255, 0});
  const wire::View data = task->data_in.view();
  EXPECT_EQ(data.u8(0), data.size() - 1);
  ASSERT_EQ(data.u8(3), 8);
  EXPECT_EQ(data.be32(4), (uint64_t{64} << 20) / 512);
  EXPECT_EQ(data.be24(9), 512U);
  wire::View pages = data.from(12);
  std::vector<int> codes;
  while (!pages.empty()) {
    codes.push_back(pages.u8(0));
    pages = pages.from(size_t{2} + pages.u8(1));
  }
  EXPECT_EQ(codes, (std::vector<int>{0x01, 0x08, 0x0a, 0x1c}));
}

TEST(ModeSense, AllSubpagesOfAPageIsThePage) {
  TargetBench bench;
  EXPECT_EQ(bench.execute({0x1a, 8, 0x08, 0xff, 255, 0})->data_in.size(), 24U);
  EXPECT_EQ(bench.execute({0x1a, 8, 0x3f, 0xff, 255, 0})->data_in.size(),
            bench.execute({0x1a, 8, 0x3f, 0, 255, 0})->data_in.size());
}

TEST(ModeSense, PagesThatAreNotThereAreRefused) {
  TargetBench bench;
  EXPECT_EQ(bench.execute({0x1a, 8, 0x19, 0, 255, 0})->outcome.sense.pointer->byte, 2);
  EXPECT_EQ(bench.execute({0x1a, 8, 0x0a, 1, 255, 0})->outcome.sense.pointer->byte, 3);
}

TEST(ModeSense, NothingIsSaved) {
  TargetBench bench;
  EXPECT_EQ(bench.execute({0x1a, 8, 0xc8, 0, 255, 0})->outcome.sense.code,
            codes::kSavingNotSupported);
}

TEST(ModeSense, LongDescriptorHasSixteenBytes) {
  TargetBench bench;
  const auto task = bench.execute({0x5a, 0x10, 0x3f, 0, 0, 0, 0, 1, 0, 0});
  const wire::View data = task->data_in.view();
  EXPECT_EQ(data.be16(0), data.size() - 2);
  EXPECT_EQ(data.u8(4), 1);
  ASSERT_EQ(data.be16(6), 16);
  EXPECT_EQ(data.be64(8), (uint64_t{64} << 20) / 512);
  EXPECT_EQ(data.be32(20), 512U);
}

TEST(ModeSense, AnswerIsCutAndItsLengthIsNot) {
  TargetBench bench;
  const auto task = bench.execute({0x1a, 8, 0x3f, 0, 4, 0});
  ASSERT_EQ(task->data_in.size(), 4U);
  EXPECT_GT(task->data_in.view().u8(0), 3);
}

TEST(ModeSense, ReadOnlyImageIsWriteProtected) {
  TargetBench::Options options;
  options.image.read_only = true;
  TargetBench bench(options);
  EXPECT_EQ(bench.execute({0x1a, 8, 0x3f, 0, 255, 0})->data_in.view().u8(2), 0x90);
  TargetBench writable;
  EXPECT_EQ(writable.execute({0x1a, 8, 0x3f, 0, 255, 0})->data_in.view().u8(2), 0x10);
}

TEST(ModeSelect, ChangeableSaysExactlyWhatMayChange) {
  TargetBench bench;
  const Bytes caching = sense_page(bench, 0x08, 1), control = sense_page(bench, 0x0a, 1);
  EXPECT_EQ(caching[2], 0x04);
  EXPECT_EQ(control[2], 0x04);
  EXPECT_EQ(control[4], 0x08);
  EXPECT_EQ(control[3], 0);
  EXPECT_EQ(std::count_if(control.begin() + 2, control.end(), [](uint8_t b) { return b != 0; }), 2);
}

TEST(ModeSelect, WriteCacheIsSwitchedAndTheOthersAreTold) {
  TargetBench bench;
  const NexusId other = bench.open();
  Bytes page = sense_page(bench, 0x08);
  ASSERT_EQ(page[2], 0x04);
  page[2] = 0;
  EXPECT_EQ(select_page(bench, page)->outcome.status, Status::good);
  EXPECT_FALSE(bench.unit().mode().write_cache());
  EXPECT_EQ(sense_page(bench, 0x08)[2], 0);
  EXPECT_EQ(sense_page(bench, 0x08, 2)[2], 0x04);
  EXPECT_EQ(bench.execute(kTestUnitReady, {.nexus = other})->outcome.sense.code,
            codes::kModeParametersChanged);
  EXPECT_EQ(bench.execute(kTestUnitReady, {})->outcome.status, Status::good);
}

TEST(ModeSelect, TheSameAgainIsNoChange) {
  TargetBench bench;
  const NexusId other = bench.open();
  EXPECT_EQ(select_page(bench, sense_page(bench, 0x0a))->outcome.status, Status::good);
  EXPECT_EQ(bench.execute(kTestUnitReady, {.nexus = other})->outcome.status, Status::good);
}

TEST(ModeSelect, WhatCannotChangeIsPointedAtAndNothingIsTaken) {
  TargetBench bench;
  Bytes list(4);
  Bytes caching = sense_page(bench, 0x08), control = sense_page(bench, 0x0a);
  caching[2] = 0;
  control[3] = 0x12;  // QERR 01b
  list.insert(list.end(), caching.begin(), caching.end());
  list.insert(list.end(), control.begin(), control.end());
  const auto task =
      bench.execute({0x15, 0x10, 0, 0, static_cast<uint8_t>(list.size()), 0}, list, 0);
  EXPECT_EQ(task->outcome.sense.code, codes::kInvalidFieldInList);
  EXPECT_EQ(task->outcome.sense.pointer->byte, 4 + 20 + 3);
  EXPECT_TRUE(bench.unit().mode().write_cache());
}

TEST(ModeSelect, ListThatEndsInAPageIsRefused) {
  TargetBench bench;
  Bytes page = sense_page(bench, 0x0a);
  page.pop_back();
  EXPECT_EQ(select_page(bench, page)->outcome.sense.code, codes::kParameterListLength);
  EXPECT_EQ(bench.execute({0x15, 0x10, 0, 0, 3, 0}, Bytes(3), 0)->outcome.sense.code,
            codes::kParameterListLength);
  // Less data than the CDB says.
  EXPECT_EQ(bench.execute({0x15, 0x10, 0, 0, 16, 0}, Bytes(4), 0)->outcome.sense.code,
            codes::kParameterListLength);
}

TEST(ModeSelect, NoListIsNoError) {
  TargetBench bench;
  EXPECT_EQ(bench.execute({0x15, 0x10, 0, 0, 0, 0})->outcome.status, Status::good);
}

TEST(ModeSelect, SavingAndForeignFormatsAreRefused) {
  TargetBench bench;
  EXPECT_EQ(bench.execute({0x15, 0x11, 0, 0, 0, 0})->outcome.sense.code, codes::kInvalidFieldInCdb);
  EXPECT_EQ(bench.execute({0x15, 0x00, 0, 0, 0, 0})->outcome.sense.code, codes::kInvalidFieldInCdb);
}

TEST(ModeSelect, DescriptorOfTheUnitIsTakenAndAnotherIsNot) {
  TargetBench bench;
  Bytes list(16);
  wire::Writer out(list);
  out.be16(6, 8);
  out.be24(13, 512);
  const Bytes cdb = {0x55, 0x10, 0, 0, 0, 0, 0, 0, 16, 0};
  EXPECT_EQ(bench.execute(cdb, list, 0, {})->outcome.status, Status::good);
  out.be24(13, 4096);
  const auto task = bench.execute(cdb, list, 0, {});
  EXPECT_EQ(task->outcome.sense.code, codes::kInvalidFieldInList);
  EXPECT_EQ(task->outcome.sense.pointer->byte, 13);
}

TEST(ModeSelect, DescriptorFormatOfSenseDataIsHonoured) {
  TargetBench bench;
  const Bytes unknown = {0xff, 0, 0, 0, 0, 0};
  EXPECT_EQ(sense_data_of(*bench.execute(unknown, {})).at(0), 0x70);
  Bytes page = sense_page(bench, 0x0a);
  page[2] |= 0x04;
  EXPECT_EQ(select_page(bench, page)->outcome.status, Status::good);
  const Bytes sense = sense_data_of(*bench.execute(unknown, {}));
  EXPECT_EQ(sense.at(0), 0x72);
  EXPECT_EQ(wire::decode_sense(sense)->code, codes::kInvalidOperation);
}

TEST(ModeSelect, SoftwareWriteProtectIsTheUnits) {
  TargetBench bench;
  Bytes page = sense_page(bench, 0x0a);
  page[4] |= 0x08;
  EXPECT_EQ(select_page(bench, page)->outcome.status, Status::good);
  EXPECT_TRUE(bench.unit().read_only());
  EXPECT_EQ(bench.execute({0x1a, 8, 0x3f, 0, 255, 0})->data_in.view().u8(2), 0x90);
}

TEST(ModeSelect, ResetOfTheUnitBringsTheDefaultsBack) {
  TargetBench bench;
  Bytes page = sense_page(bench, 0x0a);
  page[4] |= 0x08;
  select_page(bench, page);
  EXPECT_EQ(bench.manage(Management::logical_unit_reset, {}), ManagementResult::complete);
  EXPECT_FALSE(bench.unit().read_only());
}

}  // namespace
}  // namespace libcopyfile::test
