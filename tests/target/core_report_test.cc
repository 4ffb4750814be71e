#include <gtest/gtest.h>

#include <set>

#include "testing/target_bench.h"
#include "wire/sense_codes.h"

namespace libcopyfile::test {
namespace {

using namespace target;
using wire::Bytes;
namespace codes = wire::codes;

Bytes report_codes(uint8_t options, uint8_t opcode = 0, uint8_t action = 0) {
  return {0xa3, 0x0c, options, opcode, 0, action, 0, 0, 0xff, 0xff, 0, 0};
}

std::vector<const Command*> all_commands() {
  std::vector<const Command*> all;
  for (const auto commands :
       {primary_commands(), block_commands(), reservation_commands(), copy_commands()}) {
    for (const Command& command : commands) all.push_back(&command);
  }
  return all;
}

TEST(CommandTable, EveryRowIsWhole) {
  std::set<std::pair<int, int>> seen;
  for (const Command* command : all_commands()) {
    SCOPED_TRACE(command->name);
    EXPECT_FALSE(command->name.empty());
    ASSERT_NE(command->run, nullptr);
    // SPC-4 4.2.5.1: the group code says how long a CDB is.
    constexpr int kLengths[] = {6, 10, 10, 0, 16, 12, 0, 0};
    EXPECT_EQ(command->length, kLengths[command->opcode >> 5]);
    EXPECT_TRUE(seen.emplace(command->opcode, command->service_action.value_or(0xffff)).second);
    for (size_t i = command->length; i < command->usage.size(); ++i) {
      EXPECT_EQ(command->usage[i], 0) << i;
    }
  }
}

TEST(CommandTable, OpcodesHaveServiceActionsAllOrNone) {
  std::map<int, std::set<bool>> kinds;
  for (const Command* command : all_commands()) {
    kinds[command->opcode].insert(command->service_action.has_value());
  }
  for (const auto& [opcode, kind] : kinds) EXPECT_EQ(kind.size(), 1U) << opcode;
}

TEST(ReportSupportedOperationCodes, ListsTheWholeTable) {
  TargetBench bench;
  const auto task = bench.execute(report_codes(0), {});
  const wire::View data = task->data_in.view();
  EXPECT_EQ(data.be32(0), data.size() - 4);
  EXPECT_EQ(data.be32(0), all_commands().size() * 8);
  EXPECT_EQ(bench.execute(report_codes(0x80), {})->data_in.view().be32(0),
            all_commands().size() * 20);
}

TEST(ReportSupportedOperationCodes, EveryCommandHasUsageDataOfItsLength) {
  TargetBench bench;
  for (const Command* command : all_commands()) {
    SCOPED_TRACE(command->name);
    const auto task =
        bench.execute(report_codes(command->service_action ? 2 : 1, command->opcode,
                                   static_cast<uint8_t>(command->service_action.value_or(0))),
                      {});
    ASSERT_EQ(task->outcome.status, Status::good);
    const wire::View data = task->data_in.view();
    EXPECT_EQ(data.u8(1), 3);
    EXPECT_EQ(data.be16(2), command->length);
    EXPECT_EQ(data.size(), size_t{4} + command->length);
    EXPECT_EQ(data.u8(4), command->opcode);
    if (command->service_action) {
      EXPECT_EQ(data.u8(5) & 0x1f, *command->service_action);
    }
  }
}

TEST(ReportSupportedOperationCodes, TimeoutsAreBehindTheUsageData) {
  TargetBench bench;
  const auto task = bench.execute(report_codes(0x81, 0x12), {});
  const wire::View data = task->data_in.view();
  EXPECT_EQ(data.u8(1), 0x83);
  EXPECT_EQ(data.size(), 4U + 6 + 12);
  EXPECT_EQ(data.be16(10), 10);
}

TEST(ReportSupportedOperationCodes, WhatIsNotThereIsNotSupported) {
  TargetBench bench;
  EXPECT_EQ(bench.execute(report_codes(1, 0xee), {})->data_in.view().u8(1), 1);
  EXPECT_EQ(bench.execute(report_codes(2, 0xa3, 0x1f), {})->data_in.view().u8(1), 1);
  EXPECT_EQ(bench.execute(report_codes(3, 0x12, 1), {})->data_in.view().u8(1), 1);
  EXPECT_EQ(bench.execute(report_codes(3, 0x12), {})->data_in.view().u8(1), 3);
  EXPECT_EQ(bench.execute(report_codes(3, 0xa3, 0x0c), {})->data_in.view().u8(1), 3);
}

TEST(ReportSupportedOperationCodes, OptionThatDoesNotFitTheOpcodeIsRefused) {
  TargetBench bench;
  for (const Bytes& cdb : {report_codes(1, 0xa3), report_codes(2, 0x12), report_codes(4)}) {
    const auto task = bench.execute(cdb, {});
    EXPECT_EQ(task->outcome.sense.code, codes::kInvalidFieldInCdb);
    EXPECT_EQ(task->outcome.sense.pointer->byte, 2);
  }
}

TEST(ReportLuns, ListsWhatTheInitiatorSees) {
  TargetBench bench({.units = 3});
  bench.map("iqn.other", {{1, bench.shared_unit(0)}, {400, bench.shared_unit(2)}});
  const NexusId other = bench.open("iqn.other");
  const Bytes cdb = {0xa0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0};
  const auto mine = bench.execute(cdb, {});
  EXPECT_EQ(mine->data_in.view().be32(0), 24U);
  EXPECT_EQ(mine->data_in.view().be64(16), lun_field(1));
  // LUN 0, where that initiator has nothing, answers too.
  const auto theirs = bench.execute(cdb, {.nexus = other});
  EXPECT_EQ(theirs->data_in.view().be32(0), 16U);
  EXPECT_EQ(theirs->data_in.view().be64(16), lun_field(400));
}

TEST(ReportLuns, ThereAreNoWellKnownUnits) {
  TargetBench bench;
  const auto task = bench.execute({0xa0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0});
  EXPECT_EQ(task->data_in.size(), 8U);
  EXPECT_EQ(bench.execute({0xa0, 0, 2, 0, 0, 0, 0, 0, 1, 0, 0, 0})->data_in.size(), 16U);
}

TEST(ReportLuns, TooSmallAnAllocationIsRefused) {
  TargetBench bench;
  EXPECT_EQ(bench.execute({0xa0, 0, 0, 0, 0, 0, 0, 0, 0, 15, 0, 0})->outcome.sense.code,
            codes::kInvalidFieldInCdb);
  EXPECT_EQ(bench.execute({0xa0, 0, 3, 0, 0, 0, 0, 0, 1, 0, 0, 0})->outcome.sense.code,
            codes::kInvalidFieldInCdb);
}

TEST(ReportTargetPortGroups, BothFormatsHaveTheGroupOfPage83) {
  TargetBench bench;
  const auto plain = bench.execute({0xa3, 0x0a, 0, 0, 0, 0, 0, 0, 0, 255, 0, 0});
  EXPECT_EQ(plain->data_in.view().copy(), (Bytes{0, 0, 0, 12, 0, 1, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1}));
  const auto extended = bench.execute({0xa3, 0x2a, 0, 0, 0, 0, 0, 0, 0, 255, 0, 0});
  EXPECT_EQ(extended->data_in.view().copy(),
            (Bytes{0, 0, 0, 16, 0x10, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1}));
  EXPECT_EQ(bench.execute({0xa3, 0x4a, 0, 0, 0, 0, 0, 0, 0, 255, 0, 0})->outcome.sense.code,
            codes::kInvalidFieldInCdb);
}

TEST(ReportSupportedTaskManagement, SaysWhatManageDoes) {
  TargetBench bench;
  EXPECT_EQ(bench.execute({0xa3, 0x0d, 0, 0, 0, 0, 0, 0, 0, 255, 0, 0})->data_in.view().copy(),
            (Bytes{0xd8, 0, 0, 0}));
  EXPECT_EQ(bench.execute({0xa3, 0x0d, 0x80, 0, 0, 0, 0, 0, 0, 255, 0, 0})->data_in.size(), 16U);
}

TEST(RequestSense, TellsAndTakesTheAttention) {
  TargetBench bench;
  const NexusId host = bench.open({}, false);
  const Bytes fixed = {3, 0, 0, 0, 252, 0}, descriptor = {3, 1, 0, 0, 252, 0};
  const auto first = bench.execute(fixed, {.nexus = host});
  EXPECT_EQ(first->outcome.status, Status::good);
  EXPECT_EQ(first->data_in.view().u8(0), 0x70);
  EXPECT_EQ(wire::decode_sense(first->data_in.view())->code, codes::kPowerOn);
  const auto second = bench.execute(descriptor, {.nexus = host});
  EXPECT_EQ(second->data_in.view().u8(0), 0x72);
  EXPECT_EQ(wire::decode_sense(second->data_in.view())->code, wire::SenseCode{});
}

TEST(RequestSense, UnitThatIsNotThereIsInTheData) {
  TargetBench bench;
  const auto task = bench.execute(Bytes{3, 0, 0, 0, 252, 0}, {.lun = 5});
  EXPECT_EQ(task->outcome.status, Status::good);
  EXPECT_EQ(wire::decode_sense(task->data_in.view())->code, codes::kUnitNotSupported);
}

TEST(StartStopUnit, StopFlushesAndTheUnitStaysReady) {
  TargetBench bench;
  EXPECT_EQ(bench.execute({0x1b, 0, 0, 0, 0, 0})->outcome.status, Status::good);
  EXPECT_EQ(bench.image().calls().flushes, 1U);
  EXPECT_EQ(bench.execute({0x1b, 0, 0, 0, 4, 0})->outcome.status, Status::good);
  EXPECT_EQ(bench.execute({0x1b, 0, 0, 0, 1, 0})->outcome.status, Status::good);
  EXPECT_EQ(bench.image().calls().flushes, 1U);
  EXPECT_EQ(bench.execute({0, 0, 0, 0, 0, 0})->outcome.status, Status::good);
}

TEST(StartStopUnit, FlushThatFailsIsAWriteError) {
  TargetBench bench;
  bench.image().add({.op = Op::sync, .error = EIO});
  EXPECT_EQ(bench.execute({0x1b, 0, 0, 0, 0, 0})->outcome.sense.code, codes::kWriteError);
}

TEST(StartStopUnit, NothingIsEjected) {
  TargetBench bench;
  EXPECT_EQ(bench.execute({0x1b, 0, 0, 0, 2, 0})->outcome.sense.code, codes::kInvalidFieldInCdb);
}

TEST(SenseOf, ErrnosOfImagesHaveTheirCodes) {
  EXPECT_EQ(sense_of(Error{ENOSPC, Op::write, {}, {}}).code, codes::kNoSpace);
  EXPECT_EQ(sense_of(Error{EDQUOT, Op::write, {}, {}}).code, codes::kNoSpace);
  EXPECT_EQ(sense_of(Error{EROFS, Op::write, {}, {}}).code, codes::kWriteProtected);
  EXPECT_EQ(sense_of(Error{EIO, Op::read, {}, {}}).code, codes::kUnrecoveredReadError);
  EXPECT_EQ(sense_of(Error{EIO, Op::write, {}, {}}).code, codes::kWriteError);
  EXPECT_EQ(sense_of(Error{EINVAL, Op::write, {}, {}}).code, codes::kInternalFailure);
}

TEST(BeyondEnd, EveryBlockMustBeThere) {
  TargetBench bench;
  const LogicalUnit& unit = bench.unit();
  const uint64_t blocks = unit.blocks();
  EXPECT_FALSE(beyond_end(unit, 0, blocks));
  EXPECT_FALSE(beyond_end(unit, blocks - 1, 1));
  EXPECT_FALSE(beyond_end(unit, blocks - 1, 0));
  EXPECT_TRUE(beyond_end(unit, blocks, 0));
  EXPECT_TRUE(beyond_end(unit, 1, blocks));
  EXPECT_TRUE(beyond_end(unit, 1, UINT64_MAX));
  EXPECT_TRUE(beyond_end(unit, UINT64_MAX, 1));
}

}  // namespace
}  // namespace libcopyfile::test
