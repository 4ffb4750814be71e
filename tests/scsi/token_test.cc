// Copies by token, through a device that decodes what is sent.
#include <gtest/gtest.h>

#include "trial.h"
#include "wire/sense_codes.h"

namespace libcopyfile::test {
namespace {

constexpr uint64_t kMiB = uint64_t{1} << 20;
constexpr int kPopulate = 0x10;
constexpr int kWrite = 0x11;

std::unique_ptr<UnitMechanism> mechanism() { return make_scsi_token(); }

FakeFault refusing(int action, wire::SenseCode code, unsigned after = 0, unsigned times = 1) {
  FakeFault fault;
  fault.action = action;
  fault.after = after;
  fault.times = times;
  fault.sense = wire::refusal(code);
  return fault;
}

TEST(TokenMechanism, OneRangeIsOneTokenBesidesTheProof) {
  Trial trial;
  const CopyRange range{kMiB, 3 * kMiB, 8 * kMiB};
  EXPECT_EQ(trial.run(*mechanism(), {&range, 1}).stop, Stop::complete);
  EXPECT_EQ(trial.scsi.count("83/10"), 2U);
  EXPECT_EQ(trial.scsi.count("83/11"), 2U);
  EXPECT_LT(trial.scsi.host_bytes() * 100, range.length) << "more than 1% went through the host";
}

TEST(TokenMechanism, RangesArePackedUpToTheLimitsOfEachSide) {
  Trial trial(20'000);
  trial.proven = true;
  trial.source->unit.third_party_copy->tokens->max_ranges = 64;
  trial.destination->unit.third_party_copy->tokens->max_ranges = 10;
  EXPECT_EQ(trial.run(*mechanism(), scattered(640, 512)).stop, Stop::complete);
  EXPECT_EQ(trial.scsi.count("83/10"), 10U);
  EXPECT_EQ(trial.scsi.count("83/11"), 70U) << "64 ranges of one token in seven commands";
}

TEST(TokenMechanism, NeighboursAtOneSideAreOneRangeThere) {
  Trial trial(20'000);
  trial.proven = true;
  trial.destination->unit.third_party_copy->tokens->max_ranges = 1;
  std::vector<CopyRange> ranges;
  for (uint64_t i = 0; i < 32; ++i) ranges.push_back({i * 2048, i * 1024, 1024});
  EXPECT_EQ(trial.run(*mechanism(), ranges).stop, Stop::complete);
  EXPECT_EQ(trial.scsi.count("83/11"), 1U);
}

TEST(TokenMechanism, SourcesThatOverlapAreNotInOneToken) {
  Trial trial;
  trial.proven = true;
  const CopyRange ranges[] = {{0, 0, 8192}, {4096, 16384, 8192}, {0, 32768, 4096}};
  EXPECT_EQ(trial.run(*mechanism(), ranges).stop, Stop::complete);
  EXPECT_EQ(trial.scsi.count("83/10"), 2U) << "the third overlaps the first only";
}

TEST(TokenMechanism, ATokenForLessIsFollowedByAnother) {
  Trial trial;
  trial.proven = true;
  trial.scsi.token_blocks = 100;
  const CopyRange range{0, 0, 512 * 1000};
  EXPECT_EQ(trial.run(*mechanism(), {&range, 1}).stop, Stop::complete);
  EXPECT_EQ(trial.scsi.count("83/10"), 10U);
}

TEST(TokenMechanism, TheLargestTransferOfEachSideIsALimit) {
  Trial trial;
  trial.proven = true;
  trial.source->unit.third_party_copy->tokens->max_transfer = 2048;
  trial.destination->unit.third_party_copy->tokens->max_transfer = 512;
  const CopyRange range{0, 0, 8 * kMiB};
  EXPECT_EQ(trial.run(*mechanism(), {&range, 1}).stop, Stop::complete);
  EXPECT_EQ(trial.scsi.count("83/10"), 8U);
  EXPECT_EQ(trial.scsi.count("83/11"), 32U);
}

TEST(TokenMechanism, AnExpiredTokenIsMadeAnewForWhatIsLeft) {
  Trial trial(20'000);
  trial.proven = true;
  trial.destination->unit.third_party_copy->tokens->max_ranges = 10;
  trial.scsi.token_writes = 3;
  EXPECT_EQ(trial.run(*mechanism(), scattered(60, 512)).stop, Stop::complete);
  EXPECT_EQ(trial.scsi.count("83/10"), 2U);
  EXPECT_EQ(trial.scsi.count("83/11"), 7U) << "six writes, and one that found the token gone";
}

TEST(TokenMechanism, ATokenThatIsNeverAcceptedIsMadeTwice) {
  Trial trial;
  trial.proven = true;
  trial.scsi.token_writes = 0;
  const CopyRange range{0, 0, kMiB};
  const Moved moved = trial.run(*mechanism(), {&range, 1});
  EXPECT_EQ(moved.stop, Stop::declined);
  EXPECT_EQ(moved.error.code, ESTALE);
  EXPECT_EQ(trial.scsi.count("83/10"), 2U);
}

TEST(TokenMechanism, AShortWriteGoesOnWhereItStopped) {
  Trial trial;
  trial.proven = true;
  FakeFault fault = refusing(kWrite, wire::codes::kUnderrun);
  fault.work = 100;
  fault.sense.information = 100;
  trial.scsi.add(fault);
  const CopyRange range{0, 0, kMiB};
  EXPECT_EQ(trial.run(*mechanism(), {&range, 1}).stop, Stop::complete);
  EXPECT_EQ(trial.scsi.count("83/10"), 1U);
  EXPECT_EQ(trial.scsi.count("83/11"), 2U);
}

TEST(TokenMechanism, AShortWriteThatDoesNotSayHowMuchIsAskedAfter) {
  Trial trial;
  trial.proven = true;
  FakeFault fault = refusing(kWrite, wire::codes::kUnderrun);
  fault.work = 100;
  trial.scsi.add(fault);
  const CopyRange range{0, 0, kMiB};
  EXPECT_EQ(trial.run(*mechanism(), {&range, 1}).stop, Stop::complete);
  EXPECT_EQ(trial.scsi.count("84/07"), 2U);
}

TEST(TokenMechanism, ACountOfMoreThanWasAskedForSaysNothing) {
  Trial trial;
  trial.proven = true;
  FakeFault fault = refusing(kWrite, wire::codes::kUnderrun, 0, UINT32_MAX);
  fault.work = 100;
  fault.sense.information = 1'000'000;
  trial.scsi.add(fault);
  const CopyRange range{0, 0, kMiB};
  const Moved moved = trial.run(*mechanism(), {&range, 1});
  EXPECT_EQ(moved.stop, Stop::declined);
  EXPECT_EQ(moved.bytes, 0U);
}

TEST(TokenMechanism, ATokenInTheMakingIsWaitedForAsLongAsTheTargetSays) {
  Trial trial;
  trial.proven = true;
  trial.scsi.token_pending = 5;
  const CopyRange range{0, 0, kMiB};
  EXPECT_EQ(trial.run(*mechanism(), {&range, 1}).stop, Stop::complete);
  EXPECT_EQ(trial.scsi.count("84/07"), 6U);
  EXPECT_EQ(trial.scsi.now_ms(), 500U) << "five times 100 ms";
}

TEST(TokenMechanism, ATokenThatIsNeverMadeIsAFailure) {
  Trial trial;
  trial.proven = true;
  trial.scsi.token_pending = UINT32_MAX;
  const CopyRange range{0, 0, kMiB};
  const Moved moved = trial.run(*mechanism(), {&range, 1});
  EXPECT_EQ(moved.stop, Stop::failed);
  EXPECT_EQ(moved.error.code, ETIMEDOUT);
  EXPECT_LT(trial.scsi.count("84/07"), 10'000U);
}

TEST(TokenMechanism, CancellingAbortsWhatIsUnderWay) {
  Trial trial(1 << 18);
  trial.proven = true;
  trial.scsi.set_copy_ms(60'000);
  trial.watch.cancel_at = 3;
  const CopyRange range{0, 0, 128 * kMiB};
  const Moved moved = trial.run(*mechanism(), {&range, 1});
  EXPECT_EQ(moved.stop, Stop::cancelled);
  EXPECT_EQ(moved.bytes, 0U);
  EXPECT_EQ(trial.scsi.aborts(), 2U);
  EXPECT_LT(trial.scsi.now_ms(), 5'000U) << "nobody waits for a command of a minute";
}

TEST(TokenMechanism, CancellingWhereNothingCanBeAbortedWaits) {
  Trial trial(1 << 18);
  trial.proven = true;
  for (const auto& disk : {trial.source, trial.destination}) {
    disk->unit.third_party_copy->commands[0].service_actions = {0x10, 0x11};
  }
  trial.scsi.set_copy_ms(10'000);
  trial.watch.cancel_at = 3;
  const CopyRange range{0, 0, 128 * kMiB};
  EXPECT_EQ(trial.run(*mechanism(), {&range, 1}).stop, Stop::cancelled);
  EXPECT_EQ(trial.scsi.aborts(), 0U);
  EXPECT_GE(trial.scsi.now_ms(), 10'000U);
}

TEST(TokenMechanism, LongWritesArePolled) {
  Trial trial;
  trial.proven = true;
  trial.scsi.set_copy_ms(3000);
  const CopyRange range{0, 0, kMiB};
  EXPECT_EQ(trial.run(*mechanism(), {&range, 1}).stop, Stop::complete);
  EXPECT_GT(trial.scsi.count("84/07"), 3U);
}

TEST(TokenMechanism, AWrongUnitIsFoundOutBeforeAnythingCounts) {
  Trial trial;
  trial.scsi.misdirect();
  const CopyRange range{0, 0, 16 * kMiB};
  const Moved moved = trial.run(*mechanism(), {&range, 1});
  EXPECT_EQ(moved.stop, Stop::declined);
  EXPECT_EQ(moved.bytes, 0U);
  EXPECT_EQ(moved.error.code, EBADMSG);
}

TEST(TokenMechanism, AUnitThatVanishesIsAFailureAtThePointDone) {
  Trial trial(20'000);
  trial.proven = true;
  trial.destination->unit.third_party_copy->tokens->max_ranges = 10;
  trial.scsi.vanish_after(4);
  trial.control.chunk_bytes = 20 * 512;
  const Moved moved = trial.run(*mechanism(), scattered(60, 512));
  EXPECT_EQ(moved.stop, Stop::failed);
  EXPECT_EQ(moved.error.code, ENODEV);
}

TEST(TokenMechanism, FewerRangesAreTriedUntilTheTargetTakesThem) {
  Trial trial(20'000);
  trial.proven = true;
  trial.scsi.add(refusing(kPopulate, wire::codes::kTooManySegments, 0, 2));
  trial.scsi.add(refusing(kWrite, wire::codes::kTooManySegments, 0, 3));
  EXPECT_EQ(trial.run(*mechanism(), scattered(64, 512)).stop, Stop::complete);
  EXPECT_EQ(trial.scsi.count("83/10"), 2U + 4U);
  EXPECT_EQ(trial.scsi.count("83/11"), 3U + 8U);
}

}  // namespace
}  // namespace libcopyfile::test
