// Every line of the table of sense codes and of statuses, through a device that answers with it: once, and for ever. Whatever
// the line, the bytes that count are in place (Trial checks it).
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "mechanism/scsi_sense.h"
#include "trial.h"

namespace libcopyfile::test {
namespace {

constexpr uint8_t kAny = 0x7e;  // in no line
constexpr int kWrite = 0x11;
constexpr int kExtendedCopy = 0x00;

struct Line {
  std::string name;
  FakeFault fault;
  SenseAction action;
  int code;
  Scope scope;
};

std::vector<Line> lines() {
  std::vector<Line> all;
  for (const SenseRow& row : sense_table()) {
    Line line{"", {}, row.action, row.code, row.scope};
    const auto byte = [](int value) { return value < 0 ? kAny : static_cast<uint8_t>(value); };
    line.fault.sense.code = {static_cast<wire::SenseKey>(row.key), byte(row.asc), byte(row.ascq)};
    line.fault.carried_out = row.action == SenseAction::done;
    line.name = fmt::format("sense_{:x}_{:02x}_{:02x}", row.key, byte(row.asc), byte(row.ascq));
    all.push_back(line);
  }
  for (const StatusRow& row : status_table()) {
    Line line{fmt::format("status_{:02x}", row.status), {}, row.action, row.code, Scope::file};
    line.fault.status = row.status;
    all.push_back(line);
  }
  return all;
}

class SenseLine : public ::testing::TestWithParam<Line> {
 protected:
  static constexpr unsigned kThrough = 2;  // commands before the first that is answered so
  static constexpr size_t kRanges = 320;

  Moved run(const UnitMechanism& mechanism, int action, unsigned times) {
    FakeFault fault = GetParam().fault;
    fault.action = action;
    fault.after = kThrough;
    fault.times = times;
    trial_.scsi.add(fault);
    trial_.proven = true;
    trial_.destination->unit.copy_parameters->max_concurrent_copies = 1;
    // Lists without an identifier only where it has to be: a name that is in use needs one.
    trial_.destination->unit.copy_parameters->no_list_id = GetParam().action != SenseAction::rename;
    trial_.control.chunk_bytes = 64 * 512;
    return trial_.run(mechanism, scattered(kRanges, 512));
  }

  void expect_stop(const Moved& moved) {
    const bool failed = GetParam().action == SenseAction::failed;
    EXPECT_EQ(moved.stop, failed ? Stop::failed : Stop::declined);
    EXPECT_EQ(moved.error.code, GetParam().code);
    EXPECT_EQ(moved.scope, GetParam().scope);
    EXPECT_FALSE(moved.error.where.empty()) << "a reason";
  }

  Trial trial_{1024};
};

TEST_P(SenseLine, OfExtendedCopyOnce) {
  const auto mechanism = make_scsi_extended_copy();
  const Moved moved = run(*mechanism, kExtendedCopy, 1);
  switch (GetParam().action) {
    case SenseAction::declined:
    case SenseAction::failed:
    case SenseAction::new_token:
      expect_stop(moved);
      EXPECT_EQ(moved.bytes, kThrough * 64U * 512) << "from the point done";
      break;
    default: EXPECT_EQ(moved.stop, Stop::complete); break;
  }
}

TEST_P(SenseLine, OfExtendedCopyForEver) {
  const auto mechanism = make_scsi_extended_copy();
  const Moved moved = run(*mechanism, kExtendedCopy, UINT32_MAX);
  const unsigned sent = trial_.scsi.count("83/00") - kThrough;
  if (GetParam().action == SenseAction::done) {
    EXPECT_EQ(moved.stop, Stop::complete);
    return;
  }
  expect_stop(moved);
  EXPECT_EQ(moved.bytes, kThrough * 64U * 512);
  switch (GetParam().action) {
    case SenseAction::again:
    case SenseAction::rename: EXPECT_EQ(sent, kMaxAgain + 1); break;
    case SenseAction::once_more:
    case SenseAction::partly:
    case SenseAction::plainer: EXPECT_EQ(sent, 2U); break;
    case SenseAction::smaller: EXPECT_EQ(sent, 7U) << "64, 32, 16, 8, 4, 2, 1"; break;
    default: EXPECT_EQ(sent, 1U); break;
  }
}

TEST_P(SenseLine, OfAWriteWithATokenOnce) {
  const auto mechanism = make_scsi_token();
  const Moved moved = run(*mechanism, kWrite, 1);
  switch (GetParam().action) {
    case SenseAction::declined:
    case SenseAction::failed:
    case SenseAction::plainer:
      expect_stop(moved);
      EXPECT_EQ(moved.bytes, kThrough * 64U * 512) << "from the point done";
      break;
    case SenseAction::new_token:
      EXPECT_EQ(trial_.scsi.count("83/10"), kRanges / 64 + 1);
      [[fallthrough]];
    default: EXPECT_EQ(moved.stop, Stop::complete); break;
  }
}

TEST_P(SenseLine, OfAWriteWithATokenForEver) {
  const auto mechanism = make_scsi_token();
  const Moved moved = run(*mechanism, kWrite, UINT32_MAX);
  if (GetParam().action == SenseAction::done) {
    EXPECT_EQ(moved.stop, Stop::complete);
    return;
  }
  // `partly` without a count ends as what it is: less than asked for.
  expect_stop(moved);
  EXPECT_EQ(moved.bytes, kThrough * 64U * 512);
}

INSTANTIATE_TEST_SUITE_P(Tables, SenseLine, ::testing::ValuesIn(lines()),
                         [](const auto& one) { return one.param.name; });

TEST(SenseTable, NoLineHidesAnother) {
  for (const SenseRow& row : sense_table()) {
    ScsiReply reply;
    reply.status = 2;
    reply.sense.emplace();
    reply.sense->code = {static_cast<wire::SenseKey>(row.key),
                         row.asc < 0 ? kAny : static_cast<uint8_t>(row.asc),
                         row.ascq < 0 ? kAny : static_cast<uint8_t>(row.ascq)};
    EXPECT_EQ(judge(reply).reason, row.reason);
    EXPECT_EQ(judge(reply).action, row.action) << row.reason;
  }
}

TEST(SenseTable, WhatIsNotInItIsAFailureThatNamesTheCode) {
  ScsiReply reply;
  reply.status = 2;
  reply.sense.emplace();
  reply.sense->code = {wire::SenseKey::illegal_request, 0x77, 0x01};
  EXPECT_EQ(judge(reply).action, SenseAction::failed);
  EXPECT_EQ(judge(reply).code, EIO);
  EXPECT_EQ(judge(reply).reason, "sense 05/77/01");
  reply.sense.reset();
  EXPECT_EQ(judge(reply).action, SenseAction::failed);
}

TEST(SenseTable, TroubleIsNeverDeclined) {
  for (const SenseRow& row : sense_table()) {
    if (row.key == 0x3 || row.key == 0x4 || row.key == 0x7) {
      EXPECT_EQ(row.action, SenseAction::failed) << row.reason;
    }
  }
}

}  // namespace
}  // namespace libcopyfile::test
