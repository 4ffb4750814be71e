// Every line of the table of status codes, through a controller that answers with it: once, and for ever. Whatever the line, the
// bytes that count are in place (NvmeTrial checks it).
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <set>

#include "mechanism/nvme_status.h"
#include "nvme_trial.h"

namespace libcopyfile::test {
namespace {

uint16_t status_of(const NvmeStatusRow& row) {
  return static_cast<uint16_t>(static_cast<unsigned>(row.type) << 8 | row.status);
}

class StatusLine : public ::testing::TestWithParam<NvmeStatusRow> {
 protected:
  static constexpr unsigned kThrough = 2;  // commands before the first that is answered so
  static constexpr size_t kRanges =
      192;  // for three commands, so that none begins behind the one that is answered so

  Moved run(unsigned times, uint16_t more = 0) {
    FakeNvmeFault fault;
    fault.status = static_cast<uint16_t>(status_of(GetParam()) | more);
    fault.after = kThrough;
    fault.times = times;
    trial_.nvme.add(fault);
    trial_.nvme.set_depth(1);
    trial_.destination->says.space.max_ranges = 64;
    trial_.proven = true;
    return trial_.run(gathered(kRanges, 512));
  }

  void expect_stop(const Moved& moved) {
    const bool failed = GetParam().action == Reaction::failed;
    EXPECT_EQ(moved.stop, failed ? Stop::failed : Stop::declined);
    EXPECT_EQ(moved.error.code, GetParam().code);
    EXPECT_EQ(moved.error.where, GetParam().reason);
    EXPECT_EQ(moved.scope, GetParam().scope);
    EXPECT_EQ(moved.bytes, kThrough * 64U * 512) << "from the point done";
  }

  NvmeTrial trial_;
};

TEST_P(StatusLine, Once) {
  const Moved moved = run(1);
  const Reaction action = GetParam().action;
  if (action == Reaction::declined || action == Reaction::failed) {
    expect_stop(moved);
  } else {
    EXPECT_EQ(moved.stop, Stop::complete);
  }
}

TEST_P(StatusLine, ForEver) {
  expect_stop(run(UINT32_MAX));
  const size_t sent = trial_.nvme.copies().size() - kThrough;
  switch (GetParam().action) {
    case Reaction::again: EXPECT_EQ(sent, kMaxAgain + 1); break;
    case Reaction::once_more:
    case Reaction::plainer: EXPECT_EQ(sent, 2U); break;
    case Reaction::smaller: EXPECT_EQ(sent, 7U) << "64, 32, 16, 8, 4, 2, 1"; break;
    default: EXPECT_EQ(sent, 1U); break;
  }
}

TEST_P(StatusLine, WhereTheDeviceSaysThatTryingAgainDoesNotHelp) {
  const Moved moved = run(1, 0x4000);
  const Reaction action = GetParam().action;
  if (action == Reaction::smaller || action == Reaction::plainer) {
    EXPECT_EQ(moved.stop, Stop::complete) << "that is another command";
  } else {
    expect_stop(moved);
  }
}

INSTANTIATE_TEST_SUITE_P(Table, StatusLine, ::testing::ValuesIn(nvme_status_table()),
                         [](const auto& one) {
                           return fmt::format("status_{:x}_{:02x}",
                                              static_cast<unsigned>(one.param.type),
                                              one.param.status);
                         });

TEST(StatusTable, NoLineHidesAnother) {
  std::set<uint16_t> seen;
  for (const NvmeStatusRow& row : nvme_status_table()) {
    EXPECT_TRUE(seen.insert(status_of(row)).second) << row.reason;
  }
}

TEST(StatusTable, WhatIsNotInItIsAFailureThatNamesTheCode) {
  NvmeReply reply;
  reply.status = 0x07c5;
  EXPECT_EQ(judge(reply).action, Reaction::failed);
  EXPECT_EQ(judge(reply).code, EIO);
  EXPECT_EQ(judge(reply).reason, "status 7/c5");
}

TEST(StatusTable, TroubleOfTheMediumIsNeverDeclined) {
  for (const NvmeStatusRow& row : nvme_status_table()) {
    // But for a block that is not there.
    if (row.type == StatusType::media && row.code != ENODATA) {
      EXPECT_EQ(row.action, Reaction::failed) << row.reason;
    }
  }
}

TEST(StatusTable, BitsThatAreNoStatusDoNotMakeAFailure) {
  NvmeReply reply;
  reply.status = 0x2000;  // more information is in the log
  EXPECT_TRUE(succeeded(reply));
  reply.error = EIO;
  EXPECT_FALSE(succeeded(reply));
}

}  // namespace
}  // namespace libcopyfile::test
