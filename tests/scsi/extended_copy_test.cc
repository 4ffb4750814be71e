// Copies by EXTENDED COPY, through a device that decodes what is sent.
#include <gtest/gtest.h>

#include "trial.h"
#include "wire/sense_codes.h"

namespace libcopyfile::test {
namespace {

constexpr uint64_t kMiB = uint64_t{1} << 20;

std::unique_ptr<UnitMechanism> mechanism() { return make_scsi_extended_copy(); }

FakeFault refusing(wire::SenseCode code, unsigned after = 0, unsigned times = 1) {
  FakeFault fault;
  fault.action = 0;
  fault.after = after;
  fault.times = times;
  fault.sense = wire::refusal(code);
  return fault;
}

TEST(ExtendedCopyMechanism, OneRangeIsOneProofAndOneCommand) {
  Trial trial;
  const CopyRange range{kMiB, 3 * kMiB, 8 * kMiB};
  EXPECT_EQ(trial.run(*mechanism(), {&range, 1}).stop, Stop::complete);
  EXPECT_EQ(trial.scsi.count("83/00"), 2U);
  EXPECT_LT(trial.scsi.host_bytes() * 100, range.length) << "more than 1% went through the host";
}

TEST(ExtendedCopyMechanism, TenThousandRangesTakeFewCommands) {
  Trial trial(20'000);
  const auto ranges = scattered(10'000, 512);
  EXPECT_EQ(trial.run(*mechanism(), ranges).stop, Stop::complete);
  EXPECT_LT(trial.scsi.count("83/00"), 200U);
  EXPECT_EQ(trial.scsi.most_under_way(), 4U) << "as many under way as the target takes";
}

TEST(ExtendedCopyMechanism, ATargetOfOneSegmentGetsOneEach) {
  Trial trial;
  trial.destination->unit.copy_parameters->max_segments = 1;
  trial.destination->unit.copy_parameters->max_concurrent_copies = 1;
  trial.destination->unit.copy_parameters->max_segment_length = kMiB;
  const CopyRange range{0, 0, 8 * kMiB};
  EXPECT_EQ(trial.run(*mechanism(), {&range, 1}).stop, Stop::complete);
  EXPECT_EQ(trial.scsi.count("83/00"), 8U);
  EXPECT_EQ(trial.scsi.most_under_way(), 1U);
}

TEST(ExtendedCopyMechanism, TheLimitsOfTheSourceCountToo) {
  Trial trial(20'000);
  trial.source->unit.copy_parameters->max_segments = 8;
  EXPECT_EQ(trial.run(*mechanism(), scattered(80, 512)).stop, Stop::complete);
  EXPECT_GE(trial.scsi.count("83/00"), 10U);
}

TEST(ExtendedCopyMechanism, TheLengthOfTheListIsALimit) {
  Trial trial(20'000);
  trial.destination->unit.copy_parameters->max_descriptors_length = 64 + 3 * 28 + 27;
  EXPECT_EQ(trial.run(*mechanism(), scattered(30, 512)).stop, Stop::complete);
  for (const wire::Bytes& list : trial.scsi.lists()) EXPECT_LE(list.size(), 16U + 64 + 3 * 28);
}

TEST(ExtendedCopyMechanism, InsideOneUnitThereIsOneDescriptor) {
  const auto disk = make_fake_disk(1, 65536);
  Trial trial(disk, disk);
  const CopyRange range{0, 16 * kMiB, 2 * kMiB};
  EXPECT_EQ(trial.run(*mechanism(), {&range, 1}).stop, Stop::complete);
  EXPECT_EQ(wire::View(trial.scsi.lists().at(0)).be16(2), 32U);
}

TEST(ExtendedCopyMechanism, LargeSegmentsAreByteSegmentsWhereTheTargetHasThem) {
  Trial trial(1 << 18);
  for (const auto& disk : {trial.source, trial.destination}) {
    disk->unit.copy_parameters->descriptor_types = {0x02, 0x0a, 0xe4};
  }
  trial.proven = true;
  const CopyRange range{0, 0, 64 * kMiB};
  EXPECT_EQ(trial.run(*mechanism(), {&range, 1}).stop, Stop::complete);
  EXPECT_EQ(wire::View(trial.scsi.lists().at(0)).u8(16 + 64), 0x0a);
}

TEST(ExtendedCopyMechanism, TheRequestThatEveryTargetUnderstandsIsTriedOnce) {
  Trial trial(1 << 18);
  for (const auto& disk : {trial.source, trial.destination}) {
    disk->unit.copy_parameters->descriptor_types = {0x02, 0x0a, 0xe4};
  }
  trial.scsi.only_plain = true;
  const CopyRange range{0, 0, 100 * kMiB};
  EXPECT_EQ(trial.run(*mechanism(), {&range, 1}).stop, Stop::complete);
  const wire::View last(trial.scsi.lists().back());
  EXPECT_EQ(last.u8(16 + 64), 0x02);
  EXPECT_EQ(last.u8(1), 0x18) << "no list identifier";
}

TEST(ExtendedCopyMechanism, FewerSegmentsAreTriedUntilTheTargetTakesThem) {
  Trial trial(20'000);
  trial.proven = true;
  trial.scsi.add(refusing(wire::codes::kTooManySegments, 0, 3));
  trial.destination->unit.copy_parameters->max_concurrent_copies = 1;
  EXPECT_EQ(trial.run(*mechanism(), scattered(64, 512)).stop, Stop::complete);
  EXPECT_EQ(trial.scsi.count("83/00"), 3U + 64 / 8);
}

TEST(ExtendedCopyMechanism, SegmentsBeforeTheFailedOneCount) {
  for (const bool descriptors : {false, true}) {
    Trial trial(20'000);
    trial.proven = true;
    FakeFault fault = refusing(wire::codes::kTargetNotReachable);
    fault.work = 10;
    fault.descriptor_format = descriptors;
    trial.scsi.add(fault);
    const Moved moved = trial.run(*mechanism(), scattered(64, 512));
    EXPECT_EQ(moved.stop, Stop::declined);
    EXPECT_EQ(moved.bytes, 10U * 512);
    EXPECT_EQ(moved.error.code, EXDEV);
    EXPECT_EQ(moved.scope, Scope::mounts);
  }
}

TEST(ExtendedCopyMechanism, ANumberOfASegmentThatWasNotSentSaysNothing) {
  Trial trial(20'000);
  trial.proven = true;
  FakeFault fault = refusing(wire::codes::kTargetNotReachable);
  fault.sense.command_specific = 999;
  trial.scsi.add(fault);
  EXPECT_EQ(trial.run(*mechanism(), scattered(64, 512)).bytes, 0U);
}

TEST(ExtendedCopyMechanism, WhatStopsLetsTheTasksBeforeItEnd) {
  Trial trial(20'000);
  trial.proven = true;
  trial.scsi.set_reversed(true);
  // The first that is carried out is the last of four under way.
  trial.scsi.add(refusing(wire::codes::kTargetNotReachable));
  const Moved moved = trial.run(*mechanism(), scattered(1000, 512));
  EXPECT_EQ(moved.stop, Stop::declined);
  EXPECT_EQ(moved.bytes, 3U * 64 * 512);
}

TEST(ExtendedCopyMechanism, BytesBehindAGapDoNotCount) {
  Trial trial(20'000);
  trial.proven = true;
  trial.scsi.add(refusing(wire::codes::kTargetNotReachable, 1));
  const Moved moved = trial.run(*mechanism(), scattered(1000, 512));
  EXPECT_EQ(moved.stop, Stop::declined);
  EXPECT_EQ(moved.bytes, 64U * 512) << "the third and the fourth were under way and got done";
}

TEST(ExtendedCopyMechanism, AUnitThatVanishesIsAFailureAtThePointDone) {
  Trial trial(20'000);
  trial.proven = true;
  trial.scsi.vanish_after(5);
  const Moved moved = trial.run(*mechanism(), scattered(1000, 512));
  EXPECT_EQ(moved.stop, Stop::failed);
  EXPECT_EQ(moved.error.code, ENODEV);
  EXPECT_EQ(moved.bytes, 5U * 64 * 512);
}

TEST(ExtendedCopyMechanism, AfterATimeoutNobodyElseGoesOn) {
  Trial trial;
  trial.proven = true;
  FakeFault fault;
  fault.error = ETIMEDOUT;
  trial.scsi.add(fault);
  const CopyRange range{0, 0, kMiB};
  const Moved moved = trial.run(*mechanism(), {&range, 1});
  EXPECT_EQ(moved.stop, Stop::failed) << "the target may still be writing";
  EXPECT_EQ(moved.error.code, ETIMEDOUT);
  EXPECT_FALSE(moved.error.where.empty()) << "a reason";
}

TEST(ExtendedCopyMechanism, RangesThatAreNoWholeUnitsAreDeclinedWhereTheyAre) {
  Trial trial;
  const CopyRange ranges[] = {{0, kMiB, 8192}, {8192, 0, 512 + 100}, {65536, 65536, 512}};
  const Moved moved = trial.run(*mechanism(), ranges);
  EXPECT_EQ(moved.stop, Stop::declined);
  EXPECT_EQ(moved.bytes, 8192U + 512);
  EXPECT_EQ(moved.error.code, EINVAL);
  EXPECT_EQ(moved.scope, Scope::file);
}

TEST(ExtendedCopyMechanism, AWrongUnitIsFoundOutBeforeAnythingCounts) {
  Trial trial;
  trial.scsi.misdirect();
  const CopyRange range{0, 0, 16 * kMiB};
  const Moved moved = trial.run(*mechanism(), {&range, 1});
  EXPECT_EQ(moved.stop, Stop::declined);
  EXPECT_EQ(moved.bytes, 0U);
  EXPECT_EQ(moved.error.code, EBADMSG);
  EXPECT_EQ(trial.scsi.count("83/00"), 1U) << "nothing is copied behind the one that was wrong";
}

TEST(ExtendedCopyMechanism, APieceThatWasInPlaceBeforeProvesNothing) {
  Trial trial;
  trial.destination->data = trial.before = trial.source->data;
  trial.destination->data[5 * kMiB] ^= 1;
  trial.before = trial.destination->data;
  trial.scsi.misdirect();
  const CopyRange range{0, 0, 16 * kMiB};
  const Moved moved = trial.run(*mechanism(), {&range, 1});
  EXPECT_EQ(moved.stop, Stop::declined);
  EXPECT_EQ(moved.bytes, 5 * kMiB) << "five pieces compared equal, the sixth did not";
}

TEST(ExtendedCopyMechanism, CancellingStopsBehindWhatIsUnderWay) {
  Trial trial(20'000);
  trial.proven = true;
  trial.control.cancel_at = 5 * 64 * 512;
  const Moved moved = trial.run(*mechanism(), scattered(1000, 512));
  EXPECT_EQ(moved.stop, Stop::cancelled);
  EXPECT_GE(moved.bytes, 5U * 64 * 512);
  EXPECT_LE(moved.bytes, 9U * 64 * 512);
}

TEST(ExtendedCopyMechanism, LongCommandsArePolledWhereTheTargetTells) {
  Trial trial;
  trial.proven = true;
  trial.scsi.set_copy_ms(5000);
  trial.destination->unit.third_party_copy->commands[1].service_actions = {0x00, 0x03};
  const auto ranges = scattered(10, 4096);
  EXPECT_EQ(trial.run(*mechanism(), ranges).stop, Stop::complete);
  ASSERT_GE(trial.watch.seen.size(), 8U);
  EXPECT_TRUE(std::is_sorted(trial.watch.seen.begin(), trial.watch.seen.end()));
  EXPECT_GT(trial.watch.seen.back(), 4U * 4096);
}

TEST(ExtendedCopyMechanism, ATargetThatDoesNotTellIsNotAsked) {
  Trial trial;
  trial.proven = true;
  trial.scsi.set_copy_ms(5000);
  EXPECT_EQ(trial.run(*mechanism(), scattered(10, 4096)).stop, Stop::complete);
  EXPECT_EQ(trial.scsi.count("84/00"), 0U);
  EXPECT_GE(trial.watch.seen.size(), 8U) << "whether to go on is asked nevertheless";
}

TEST(ExtendedCopyMechanism, CancellingWhileACommandIsUnderWayWaitsForItOnly) {
  Trial trial(1 << 18);
  trial.proven = true;
  trial.scsi.set_copy_ms(5000);
  trial.watch.cancel_at = 2;
  const CopyRange range{0, 0, 128 * kMiB};
  const Moved moved = trial.run(*mechanism(), {&range, 1});
  EXPECT_EQ(moved.stop, Stop::cancelled);
  EXPECT_LE(trial.scsi.count("83/00"), 4U);
  EXPECT_EQ(moved.bytes, trial.scsi.count("83/00") * 16 * kMiB) << "what got done counts";
}

TEST(ExtendedCopyMechanism, CancellingAbortsWhereTheTransportCan) {
  Trial trial(1 << 18);
  trial.proven = true;
  trial.scsi.set_copy_ms(60'000);
  trial.scsi.set_abortable(true);
  trial.watch.cancel_at = 3;
  const CopyRange range{0, 0, 128 * kMiB};
  const Moved moved = trial.run(*mechanism(), {&range, 1});
  EXPECT_EQ(moved.stop, Stop::cancelled);
  EXPECT_EQ(moved.bytes, 0U);
  EXPECT_EQ(trial.scsi.task_aborts(), 4U);
  EXPECT_LT(trial.scsi.now_ms(), 5'000U) << "nobody waits for a command of a minute";
}

TEST(ExtendedCopyMechanism, SlowTargetsGetSmallerCommands) {
  Trial trial(1 << 18);
  trial.proven = true;
  trial.destination->unit.copy_parameters->max_concurrent_copies = 1;
  trial.scsi.set_copy_ms(2000);
  const CopyRange range{0, 0, 64 * kMiB};
  EXPECT_EQ(trial.run(*mechanism(), {&range, 1}).stop, Stop::complete);
  const wire::View last(trial.scsi.lists().back());
  EXPECT_LT(last.be16(16 + 64 + 10) * 512U, 16 * kMiB);
}

TEST(ExtendedCopyMechanism, ACommandThatIsAloneAndTellsNothingIsWaitedForByTheCaller) {
  for (const bool alone : {true, false}) {
    Trial trial(1 << 18);
    trial.proven = true;
    trial.scsi.set_transacts_here(true);
    trial.destination->unit.copy_parameters->max_concurrent_copies = alone ? 1 : 2;
    trial.source->unit.third_party_copy.reset();
    trial.destination->unit.third_party_copy.reset();
    const CopyRange range{0, 0, 128 * kMiB};
    EXPECT_EQ(trial.run(*mechanism(), {&range, 1}).stop, Stop::complete);
    EXPECT_EQ(trial.scsi.transacted(), alone ? trial.scsi.count("83/00") : 0U);
    EXPECT_GT(trial.scsi.count("83/00"), 1U);
  }
}

TEST(ExtendedCopyMechanism, OneCommandAtATimeIsEnough) {
  Trial trial(20'000);
  trial.scsi.set_depth(1);
  EXPECT_EQ(trial.run(*mechanism(), scattered(300, 512)).stop, Stop::complete);
  EXPECT_EQ(trial.scsi.most_under_way(), 1U);
}

}  // namespace
}  // namespace libcopyfile::test
