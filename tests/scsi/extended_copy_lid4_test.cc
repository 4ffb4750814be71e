// EXTENDED COPY with lists in LID4: identifiers of 32 bits, by which a list can be asked for and stopped.
#include <gtest/gtest.h>

#include <set>

#include "mechanism/scsi_limits.h"
#include "trial.h"
#include "wire/sense_codes.h"

namespace libcopyfile::test {
namespace {

constexpr uint64_t kMiB = uint64_t{1} << 20;
constexpr uint8_t kLid1 = 0x00;
constexpr uint8_t kLid4 = 0x01;
constexpr uint8_t kAbort = 0x1c;
constexpr uint8_t kParameters = 0x03;
constexpr uint8_t kStatus = 0x05;

std::unique_ptr<UnitMechanism> mechanism() { return make_scsi_extended_copy(); }

// A trial between units that announce these service actions of THIRD-PARTY COPY OUT and IN.
struct Lid4Trial : Trial {
  Lid4Trial(const wire::Bytes& out, const wire::Bytes& in, uint64_t blocks = 65536)
      : Trial(blocks) {
    for (const auto& disk : {source, destination}) {
      disk->unit.third_party_copy->commands = {{0x83, out}, {0x84, in}};
    }
  }
  wire::View list(size_t number) const { return wire::View(scsi.lists().at(number)); }
};

FakeFault refusing(uint8_t action, wire::SenseCode code, unsigned times = UINT32_MAX) {
  FakeFault fault;
  fault.action = action;
  fault.times = times;
  fault.sense = wire::refusal(code);
  return fault;
}

TEST(ExtendedCopyLid4, IsUsedWhereTheTargetHasNothingElse) {
  Lid4Trial trial({kLid4}, {kParameters});
  const CopyRange range{kMiB, 3 * kMiB, 8 * kMiB};
  EXPECT_EQ(trial.run(*mechanism(), {&range, 1}).stop, Stop::complete);
  EXPECT_EQ(trial.scsi.count("83/01"), 2U) << "one as proof, and one";
  EXPECT_EQ(trial.scsi.count("83/00"), 0U);
  EXPECT_EQ(trial.list(0).u8(0), 0x01) << "the format of the list";
  EXPECT_LT(trial.scsi.host_bytes() * 100, range.length);
}

TEST(ExtendedCopyLid4, IsNotUsedWhereItGivesNoMore) {
  Lid4Trial trial({kLid1, kLid4}, {kParameters});
  const CopyRange range{0, 0, 2 * kMiB};
  EXPECT_EQ(trial.run(*mechanism(), {&range, 1}).stop, Stop::complete);
  EXPECT_EQ(trial.scsi.count("83/01"), 0U);
}

TEST(ExtendedCopyLid4, IsUsedWhereTheTargetTellsOrStops) {
  for (const bool tells : {false, true}) {
    Lid4Trial trial(tells ? wire::Bytes{kLid1, kLid4} : wire::Bytes{kLid1, kLid4, kAbort},
                    tells ? wire::Bytes{kParameters, kStatus} : wire::Bytes{kParameters});
    const CopyRange range{0, 0, 2 * kMiB};
    EXPECT_EQ(trial.run(*mechanism(), {&range, 1}).stop, Stop::complete);
    EXPECT_EQ(trial.scsi.count("83/00"), 0U);
    const auto limits = negotiate_extended_copy(trial.source->unit, trial.destination->unit);
    ASSERT_TRUE(limits);
    EXPECT_EQ(limits->status_lid4, tells);
    EXPECT_EQ(limits->abort, !tells);
  }
}

TEST(ExtendedCopyLid4, TheProbeTells) {
  const Lid4Trial trial({kLid4}, {kParameters});
  const Verdict verdict = mechanism()->can(trial.source->unit, trial.destination->unit);
  EXPECT_NE(verdict.reason.find(", with identifiers of 32 bits; only trying"), std::string::npos)
      << verdict.reason;
}

TEST(ExtendedCopyLid4, ALongCommandTellsHowFarItIsInsideASegment) {
  Lid4Trial trial({kLid4}, {kParameters, kStatus});
  trial.proven = true;
  trial.scsi.set_copy_ms(5000);
  const CopyRange range{0, 0, 8 * kMiB};
  EXPECT_EQ(trial.run(*mechanism(), {&range, 1}).stop, Stop::complete);
  EXPECT_EQ(trial.scsi.lists().size(), 1U) << "one segment";
  ASSERT_GE(trial.watch.seen.size(), 8U);
  EXPECT_TRUE(std::is_sorted(trial.watch.seen.begin(), trial.watch.seen.end()));
  EXPECT_GT(trial.watch.seen.back(), 6 * kMiB);
  EXPECT_LT(trial.watch.seen.back(), 8 * kMiB);
}

TEST(ExtendedCopyLid4, MoreThanWasAskedForIsNotBelieved) {
  Lid4Trial trial({kLid4}, {kParameters, kStatus});
  trial.proven = true;
  trial.scsi.set_copy_ms(5000);
  trial.scsi.boasts = 1000;
  const CopyRange range{0, 0, 8 * kMiB};
  EXPECT_EQ(trial.run(*mechanism(), {&range, 1}).stop, Stop::complete);
  for (const uint64_t bytes : trial.watch.seen) EXPECT_LE(bytes, 8 * kMiB);
  EXPECT_EQ(trial.scsi.count("84/05"), 1U) << "nor asked for again";
}

TEST(ExtendedCopyLid4, ATargetThatDoesNotAnswerIsNotAskedAgain) {
  Lid4Trial trial({kLid4}, {kParameters, kStatus});
  trial.proven = true;
  trial.scsi.set_copy_ms(5000);
  FakeFault fault = refusing(kStatus, wire::codes::kInvalidFieldInCdb);
  fault.opcode = wire::Opcode::third_party_copy_in;
  trial.scsi.add(fault);
  const CopyRange range{0, 0, 8 * kMiB};
  EXPECT_EQ(trial.run(*mechanism(), {&range, 1}).stop, Stop::complete);
  EXPECT_EQ(trial.scsi.count("84/05"), 1U);
}

TEST(ExtendedCopyLid4, CancellingStopsTheLists) {
  Lid4Trial trial({kLid4, kAbort}, {kParameters}, 1 << 18);
  trial.proven = true;
  trial.scsi.set_copy_ms(60'000);
  trial.scsi.set_abortable(true);
  trial.watch.cancel_at = 3;
  const CopyRange range{0, 0, 128 * kMiB};
  const Moved moved = trial.run(*mechanism(), {&range, 1});
  EXPECT_EQ(moved.stop, Stop::cancelled);
  EXPECT_EQ(moved.bytes, 0U);
  EXPECT_EQ(trial.scsi.aborts(), 4U);
  EXPECT_EQ(trial.scsi.task_aborts(), 0U) << "the device was told itself";
  EXPECT_LT(trial.scsi.now_ms(), 5'000U) << "nobody waits for a command of a minute";
}

TEST(ExtendedCopyLid4, WhatTheDeviceDoesNotStopTheTransportDoes) {
  Lid4Trial trial({kLid4, kAbort}, {kParameters}, 1 << 18);
  trial.proven = true;
  trial.scsi.set_copy_ms(60'000);
  trial.scsi.set_abortable(true);
  trial.scsi.add(refusing(kAbort, wire::codes::kInvalidFieldInCdb));
  trial.watch.cancel_at = 3;
  const CopyRange range{0, 0, 128 * kMiB};
  EXPECT_EQ(trial.run(*mechanism(), {&range, 1}).stop, Stop::cancelled);
  EXPECT_EQ(trial.scsi.task_aborts(), 4U);
  EXPECT_LT(trial.scsi.now_ms(), 5'000U);
}

TEST(ExtendedCopyLid4, ThatIsRefusedIsDoneInLid1) {
  for (const wire::SenseCode code :
       {wire::codes::kInvalidOperation, wire::codes::kInvalidFieldInCdb}) {
    Lid4Trial trial({kLid1, kLid4, kAbort}, {kParameters}, 20'000);
    trial.proven = true;
    trial.scsi.add(refusing(kLid4, code));
    EXPECT_EQ(trial.run(*mechanism(), scattered(1000, 512)).stop, Stop::complete);
    EXPECT_LE(trial.scsi.count("83/01"), 4U) << "those under way, and no more";
    EXPECT_EQ(trial.scsi.count("83/00"), 16U) << "with as many segments as before";
    EXPECT_EQ(trial.scsi.lists().back().at(0), 0U) << "without an identifier that nobody needs";
  }
}

TEST(ExtendedCopyLid4, ThatIsRefusedByATargetWithoutLid1IsNotForTheStorage) {
  Lid4Trial trial({kLid4}, {kParameters});
  trial.scsi.add(refusing(kLid4, wire::codes::kInvalidOperation));
  const CopyRange range{0, 0, kMiB};
  const Moved moved = trial.run(*mechanism(), {&range, 1});
  EXPECT_EQ(moved.stop, Stop::declined);
  EXPECT_EQ(moved.error.code, EOPNOTSUPP);
  EXPECT_EQ(moved.scope, Scope::mounts);
  EXPECT_EQ(moved.bytes, 0U);
}

TEST(ExtendedCopyLid4, ThePlainestRequestHasNoIdentifier) {
  Lid4Trial trial({kLid4, kAbort}, {kParameters}, 1 << 18);
  trial.scsi.only_plain = true;
  const CopyRange range{0, 0, 40 * kMiB};
  EXPECT_EQ(trial.run(*mechanism(), {&range, 1}).stop, Stop::complete);
  const wire::View last(trial.scsi.lists().back());
  EXPECT_EQ(last.u8(0), 0x01);
  EXPECT_EQ(last.u8(1), 0x18) << "no list identifier";
  EXPECT_EQ(last.be32(20), 0U);
}

TEST(ExtendedCopyLid4, ThePlainestRequestIsInLid1WhereTheTargetHasIt) {
  Lid4Trial trial({kLid1, kLid4, kAbort}, {kParameters}, 1 << 18);
  trial.scsi.only_plain = true;
  const CopyRange range{0, 0, 40 * kMiB};
  EXPECT_EQ(trial.run(*mechanism(), {&range, 1}).stop, Stop::complete);
  const wire::View last(trial.scsi.lists().back());
  EXPECT_EQ(last.u8(0), 0U);
  EXPECT_EQ(last.u8(1), 0x18);
  EXPECT_EQ(last.be16(2), 64U) << "the length of the CSCD descriptors of LID1";
}

TEST(ExtendedCopyLid4, AnIdentifierInUseIsExchanged) {
  Lid4Trial trial({kLid4}, {kParameters});
  trial.proven = true;
  trial.scsi.add(refusing(kLid4, wire::SenseCode{wire::SenseKey::illegal_request, 0x00, 0x16}, 2));
  const CopyRange range{0, 0, kMiB};
  EXPECT_EQ(trial.run(*mechanism(), {&range, 1}).stop, Stop::complete);
  EXPECT_EQ(trial.scsi.count("83/01"), 3U);
  EXPECT_NE(trial.list(0).be32(20), 0U);
}

// Of two programs that copy by one disk, one would stop the lists of the other.
TEST(ExtendedCopyLid4, TwoCopiesHaveDifferentIdentifiers) {
  std::set<uint32_t> identifiers;
  size_t lists = 0;
  for (int i = 0; i < 4; ++i) {
    Lid4Trial trial({kLid4}, {kParameters}, 20'000);
    trial.proven = true;
    EXPECT_EQ(trial.run(*mechanism(), scattered(300, 512)).stop, Stop::complete);
    for (const wire::Bytes& list : trial.scsi.lists()) {
      identifiers.insert(wire::View(list).be32(20));
      ++lists;
    }
  }
  EXPECT_EQ(identifiers.size(), lists);
}

TEST(ExtendedCopyLid4, PageOfThirdPartyCopyGivesTheLimits) {
  Lid4Trial trial({kLid4}, {}, 20'000);
  for (const auto& disk : {trial.source, trial.destination}) {
    wire::ThirdPartyCopy& page = *disk->unit.third_party_copy;
    page.parameters = wire::CopyParameters{2, 10, 8192, 0};
    page.operations = wire::GeneralOperations{8, 3, 0, 9, 0};
    disk->unit.copy_parameters.reset();
  }
  trial.proven = true;
  EXPECT_EQ(trial.run(*mechanism(), scattered(100, 512)).stop, Stop::complete);
  EXPECT_EQ(trial.scsi.count("83/01"), 10U);
  EXPECT_EQ(trial.scsi.most_under_way(), 3U);
  EXPECT_EQ(trial.list(0).be16(44), 10U * 28);
}

TEST(ExtendedCopyLid4, SegmentsBeforeTheFailedOneCount) {
  Lid4Trial trial({kLid4}, {kParameters}, 20'000);
  trial.proven = true;
  FakeFault fault = refusing(kLid4, wire::codes::kTargetNotReachable, 1);
  fault.work = 10;
  trial.scsi.add(fault);
  const Moved moved = trial.run(*mechanism(), scattered(64, 512));
  EXPECT_EQ(moved.stop, Stop::declined);
  EXPECT_EQ(moved.bytes, 10U * 512);
}

TEST(ExtendedCopyLid4, AUnitThatVanishesIsAFailureAtThePointDone) {
  Lid4Trial trial({kLid4, kAbort}, {kParameters, kStatus}, 20'000);
  trial.proven = true;
  trial.scsi.vanish_after(5);
  const Moved moved = trial.run(*mechanism(), scattered(1000, 512));
  EXPECT_EQ(moved.stop, Stop::failed);
  EXPECT_EQ(moved.bytes, 5U * 64 * 512);
}

TEST(ExtendedCopyLid4, AWrongUnitIsFoundOutBeforeAnythingCounts) {
  Lid4Trial trial({kLid4}, {kParameters});
  trial.scsi.misdirect();
  const CopyRange range{0, 0, 16 * kMiB};
  const Moved moved = trial.run(*mechanism(), {&range, 1});
  EXPECT_EQ(moved.error.code, EBADMSG);
  EXPECT_EQ(moved.bytes, 0U);
}

}  // namespace
}  // namespace libcopyfile::test
