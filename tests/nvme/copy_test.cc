// Copies by the Copy command, through a controller that decodes what is sent.
#include <gtest/gtest.h>

#include "nvme_trial.h"

namespace libcopyfile::test {
namespace {

constexpr uint64_t kMiB = uint64_t{1} << 20;
constexpr uint16_t kInvalidField = 0x0002;
constexpr uint16_t kNotReady = 0x0082;
constexpr uint16_t kDoNotRetry = 0x4000;
constexpr uint16_t kIncompatible = 0x0185;
constexpr uint16_t kPathFailed = 0x0370;

FakeNvmeFault answering(uint16_t status, unsigned after = 0, unsigned times = 1) {
  FakeNvmeFault fault;
  fault.status = status;
  fault.after = after;
  fault.times = times;
  return fault;
}

TEST(NvmeCopy, OneRangeIsAsManyCommandsAsTheLimitsAsk) {
  NvmeTrial trial;
  const CopyRange range{kMiB, kHalf, 8 * kMiB};
  EXPECT_EQ(trial.run({&range, 1}).stop, Stop::complete);
  EXPECT_EQ(trial.nvme.copies().size(), 8 * kMiB / (128 * 512));
  EXPECT_EQ(trial.nvme.most_under_way(), 8U);
  EXPECT_LT(trial.nvme.host_bytes() * 100, range.length) << "more than 1% went through the host";
}

TEST(NvmeCopy, ManySourcesToOnePlaceShareACommand) {
  NvmeTrial trial;
  trial.proven = true;
  EXPECT_EQ(trial.run(gathered(1000, 512)).stop, Stop::complete);
  EXPECT_EQ(trial.nvme.copies().size(), 8U) << "128 ranges in each";
  EXPECT_EQ(trial.nvme.copies().at(0).ranges.size(), 128U);
}

TEST(NvmeCopy, ManyDestinationsTakeACommandEach) {
  NvmeTrial trial;
  trial.proven = true;
  EXPECT_EQ(trial.run(apart(1000, 512)).stop, Stop::complete);
  EXPECT_EQ(trial.nvme.copies().size(), 1000U);
  EXPECT_EQ(trial.nvme.most_under_way(), 8U);
}

TEST(NvmeCopy, EachOfTheThreeLimitsIsKept) {
  for (const auto& [range, total, ranges] :
       {std::array<uint32_t, 3>{4, 1000, 128}, {128, 10, 128}, {128, 1000, 3}, {1, 1, 1}}) {
    NvmeTrial trial;
    trial.destination->says.space.max_range = static_cast<uint16_t>(range);
    trial.destination->says.space.max_total = total;
    trial.destination->says.space.max_ranges = static_cast<uint16_t>(ranges);
    EXPECT_EQ(trial.run(gathered(30, 7 * 512)).stop, Stop::complete);
    for (const auto& copy : trial.nvme.copies()) {
      EXPECT_LE(copy.ranges.size(), ranges);
      uint64_t blocks = 0;
      for (const wire::NvmeRange& one : copy.ranges) {
        EXPECT_LE(one.blocks, range);
        blocks += one.blocks;
      }
      EXPECT_LE(blocks, total);
    }
  }
}

TEST(NvmeCopy, TheLongerFormatIsUsedWhereThereIsNoOther) {
  NvmeTrial trial;
  trial.destination->says.controller.formats = 0x0002;
  EXPECT_EQ(trial.run(gathered(10, 4096)).stop, Stop::complete);
  EXPECT_EQ(trial.nvme.copies().at(0).command.format, wire::CopyFormat::f1);
}

TEST(NvmeCopy, BetweenNamespacesTheSourceIsNamed) {
  NvmeTrial trial(make_fake_space(1, 4096), make_fake_space(2, 8192));
  trial.destination->says.controller.formats = 0x000f;
  trial.destination->says.enabled_formats = 0x0004;
  const CopyRange range{0, kMiB, kMiB};
  EXPECT_EQ(trial.run({&range, 1}).stop, Stop::complete);
  EXPECT_EQ(trial.nvme.copies().at(0).command.format, wire::CopyFormat::f2);
  EXPECT_EQ(trial.nvme.copies().at(0).ranges.at(0).namespace_id, 1U);
}

TEST(NvmeCopy, BetweenNamespacesNothingIsAskedWhereThatIsNotEnabled) {
  NvmeTrial trial(make_fake_space(1, 4096), make_fake_space(2, 8192));
  trial.destination->says.controller.formats = 0x000f;
  const CopyRange range{0, kMiB, kMiB};
  const Moved moved = trial.run({&range, 1});
  EXPECT_EQ(moved.stop, Stop::declined);
  EXPECT_EQ(moved.error.code, EXDEV);
  EXPECT_TRUE(trial.nvme.copies().empty());
}

TEST(NvmeCopy, WhatIsTooMuchIsHalvedUntilTheDeviceTakesIt) {
  NvmeTrial trial;
  trial.nvme.real_blocks = 20;
  const CopyRange range{0, kHalf, 4 * kMiB};
  EXPECT_EQ(trial.run({&range, 1}).stop, Stop::complete);
  EXPECT_EQ(trial.nvme.copies().back().ranges.at(0).blocks, 16U);
  EXPECT_LT(trial.nvme.copies().size(), 4 * kMiB / (16 * 512) + 30);
}

TEST(NvmeCopy, FewerRangesAreTriedUntilTheDeviceTakesThem) {
  NvmeTrial trial;
  trial.proven = true;
  trial.nvme.real_ranges = 1;
  EXPECT_EQ(trial.run(gathered(100, 512)).stop, Stop::complete);
  EXPECT_EQ(trial.nvme.copies().back().ranges.size(), 1U);
}

TEST(NvmeCopy, ARequestThatIsNotAcceptedIsMadePlainer) {
  NvmeTrial trial;
  trial.proven = true;
  trial.nvme.add(answering(kInvalidField));
  EXPECT_EQ(trial.run(gathered(100, 512)).stop, Stop::complete);
  EXPECT_EQ(trial.nvme.copies().back().ranges.size(), 1U);
}

// Although the controller may have carried out a part of it, and say so.
TEST(NvmeCopy, NothingCountsOfACommandThatFailed) {
  NvmeTrial trial;
  trial.proven = true;
  FakeNvmeFault fault = answering(kIncompatible, 1);
  fault.work = 10;
  trial.nvme.set_depth(1);
  trial.nvme.add(fault);
  const Moved moved = trial.run(gathered(192, 512));
  EXPECT_EQ(moved.stop, Stop::declined);
  EXPECT_EQ(moved.bytes, 128U * 512) << "the command before";
  EXPECT_EQ(moved.error.code, EXDEV);
  EXPECT_EQ(moved.scope, Scope::mounts);
}

TEST(NvmeCopy, WhatFailedForAWhileIsSentAgainAsAWhole) {
  NvmeTrial trial;
  trial.proven = true;
  FakeNvmeFault fault = answering(kPathFailed);
  fault.work = 5;
  trial.nvme.add(fault);
  EXPECT_EQ(trial.run(gathered(64, 512)).stop, Stop::complete);
  EXPECT_EQ(trial.nvme.copies().at(1).ranges.size(), 64U);
}

TEST(NvmeCopy, APathIsWaitedForAndNotForEver) {
  for (const unsigned times : {3U, UINT32_MAX}) {
    NvmeTrial trial;
    trial.proven = true;
    FakeNvmeFault fault;
    fault.error = EAGAIN;
    fault.times = times;
    trial.nvme.add(fault);
    const CopyRange range{0, kHalf, 4096};
    const Moved moved = trial.run({&range, 1});
    EXPECT_EQ(moved.stop, times == 3 ? Stop::complete : Stop::declined);
    EXPECT_EQ(moved.error.where, times == 3 ? "" : "no path to the device can be used");
  }
}

TEST(NvmeCopy, BytesBehindAGapDoNotCount) {
  NvmeTrial trial;
  trial.proven = true;
  trial.nvme.set_reversed(true);
  trial.nvme.add(answering(kIncompatible));
  const Moved moved = trial.run(apart(100, 512));
  EXPECT_EQ(moved.stop, Stop::declined);
  EXPECT_EQ(moved.bytes, 7U * 512) << "those before the eighth, which was carried out first";
}

TEST(NvmeCopy, WhatIsNotToBeTriedAgainIsNot) {
  for (const bool again : {true, false}) {
    NvmeTrial trial;
    trial.proven = true;
    trial.nvme.add(answering(again ? kNotReady : kNotReady | kDoNotRetry));
    const CopyRange range{0, kHalf, 4096};
    EXPECT_EQ(trial.run({&range, 1}).stop, again ? Stop::complete : Stop::declined);
    EXPECT_EQ(trial.nvme.copies().size(), again ? 2U : 1U);
  }
}

TEST(NvmeCopy, ANamespaceThatVanishesIsAFailureAtThePointDone) {
  NvmeTrial trial;
  trial.proven = true;
  trial.nvme.vanish_after(5);
  const Moved moved = trial.run(apart(100, 512));
  EXPECT_EQ(moved.stop, Stop::failed);
  EXPECT_EQ(moved.error.code, ENODEV);
  EXPECT_EQ(moved.bytes, 5U * 512);
}

TEST(NvmeCopy, AfterATimeoutNobodyElseGoesOn) {
  NvmeTrial trial;
  trial.proven = true;
  FakeNvmeFault fault;
  fault.error = ETIMEDOUT;
  trial.nvme.add(fault);
  const CopyRange range{0, kHalf, kMiB};
  const Moved moved = trial.run({&range, 1});
  EXPECT_EQ(moved.stop, Stop::failed) << "the device may still be writing";
  EXPECT_EQ(moved.error.code, ETIMEDOUT);
}

TEST(NvmeCopy, WhatTheKernelDoesNotPassOnIsDeclined) {
  for (const int error : {EACCES, EPERM, ENOTTY, EINVAL}) {
    NvmeTrial trial;
    trial.proven = true;
    FakeNvmeFault fault;
    fault.error = error;
    trial.nvme.add(fault);
    const CopyRange range{0, kHalf, 4096};
    const Moved moved = trial.run({&range, 1});
    EXPECT_EQ(moved.stop, Stop::declined);
    EXPECT_EQ(moved.error.code, error);
  }
}

TEST(NvmeCopy, RangesThatAreNoWholeBlocksAreDeclinedWhereTheyAre) {
  NvmeTrial trial;
  const CopyRange ranges[] = {
      {0, kHalf, 8192}, {8192, kHalf + kMiB, 512 + 100}, {65536, 65536, 512}};
  const Moved moved = trial.run(ranges);
  EXPECT_EQ(moved.stop, Stop::declined);
  EXPECT_EQ(moved.bytes, 8192U + 512);
  EXPECT_EQ(moved.error.code, EINVAL);
}

TEST(NvmeCopy, AWrongPlaceIsFoundOutBeforeAnythingCounts) {
  NvmeTrial trial;
  trial.nvme.misdirect();
  const CopyRange range{0, kHalf, 8 * kMiB};
  const Moved moved = trial.run({&range, 1});
  EXPECT_EQ(moved.stop, Stop::declined);
  EXPECT_EQ(moved.bytes, 0U);
  EXPECT_EQ(moved.error.code, EBADMSG);
  EXPECT_EQ(trial.nvme.copies().size(), kMiB / (128 * 512)) << "nothing behind the proof";
}

TEST(NvmeCopy, AMediumThatCannotBeReadForTheProofIsAFailure) {
  NvmeTrial trial;
  FakeNvmeFault fault = answering(0x0281);
  fault.opcode = wire::ReadCommand::kOpcode;
  trial.nvme.add(fault);
  const CopyRange range{0, kHalf, kMiB};
  const Moved moved = trial.run({&range, 1});
  EXPECT_EQ(moved.stop, Stop::failed);
  EXPECT_EQ(moved.error.code, EIO);
  EXPECT_TRUE(trial.nvme.copies().empty());
}

TEST(NvmeCopy, CancellingStopsBehindWhatIsUnderWay) {
  NvmeTrial trial;
  trial.proven = true;
  trial.control.cancel_at = 20 * 512;
  const Moved moved = trial.run(apart(1000, 512));
  EXPECT_EQ(moved.stop, Stop::cancelled);
  EXPECT_GE(moved.bytes, 20U * 512);
  EXPECT_LE(moved.bytes, 28U * 512);
}

TEST(NvmeCopy, WhetherToGoOnIsAskedWhileACommandTakesLong) {
  NvmeTrial trial;
  trial.proven = true;
  trial.nvme.set_copy_ms(5000);
  trial.watch.cancel_at = 2;
  const Moved moved = trial.run(apart(100, 512));
  EXPECT_EQ(moved.stop, Stop::cancelled);
  EXPECT_EQ(moved.bytes, 8U * 512) << "what was under way got done";
}

TEST(NvmeCopy, OneCommandAtATimeIsEnough) {
  NvmeTrial trial;
  trial.nvme.set_depth(1);
  EXPECT_EQ(trial.run(apart(50, 4096)).stop, Stop::complete);
  EXPECT_EQ(trial.nvme.most_under_way(), 1U);
}

}  // namespace
}  // namespace libcopyfile::test
