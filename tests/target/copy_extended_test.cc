#include <gtest/gtest.h>

#include <thread>

#include "testing/target_copies.h"
#include "wire/copy_results.h"
#include "wire/sense_codes.h"

namespace libcopyfile::test {
namespace {

using namespace target;
using namespace wire;

const Ending kGood;
const Ending kAborted{Status::task_aborted, {}};

BlockSegment blocks(uint64_t source_lba, uint64_t destination_lba, uint16_t count) {
  BlockSegment segment;
  segment.blocks = count;
  segment.source_lba = source_lba;
  segment.destination_lba = destination_lba;
  return segment;
}

TargetBench::Options two_units() {
  TargetBench::Options options;
  options.units = 2;
  return options;
}

class ExtendedCopyCommand : public ::testing::Test {
 protected:
  ExtendedCopyCommand() : bench(two_units()) { bench.fill(0, 0, 4096, 1); }

  Ending copied(const CopyList& list) { return ending_of(*bench.copy(list)); }
  CopyList named(uint32_t list_id, ListIdUsage usage = ListIdUsage::hold, Lid lid = Lid::lid1) {
    CopyList list = bench.list({blocks(0, 0, 4096)});
    list.lid = lid;
    list.list_id = list_id;
    list.usage = usage;
    return list;
  }
  std::optional<wire::CopyStatus> status_lid1(uint8_t list_id) {
    const TaskPtr task = bench.receive(CopyIn::copy_status_lid1, list_id, {});
    if (!task->outcome.ok()) return std::nullopt;
    return decode_copy_status(task->data_in.view());
  }
  // As many copies as there are threads, to different blocks, held up.
  std::vector<TargetBench::Pending> occupy_threads() {
    bench.image(1).hold_copies(true);
    std::vector<TargetBench::Pending> busy;
    for (uint64_t i = 0; i < Executor::Options{}.copy_threads; ++i) {
      busy.push_back(bench.start_copy(bench.list({blocks(0, 8192 + i * 8, 8)}), {}));
    }
    while (bench.image(1).calls().copies < busy.size()) std::this_thread::yield();
    return busy;
  }

  CopyBench bench;
};

TEST_F(ExtendedCopyCommand, CopiesBlocksBetweenUnits) {
  EXPECT_EQ(copied(bench.list({blocks(8, 800, 16), blocks(64, 0, 1)})), kGood);
  EXPECT_EQ(bench.bytes(1, 800, 16), bench.bytes(0, 8, 16));
  EXPECT_EQ(bench.bytes(1, 0, 1), bench.bytes(0, 64, 1));
  EXPECT_EQ(bench.bytes(1, 816, 8), Bytes(8 * 512)) << "nothing behind it";
}

TEST_F(ExtendedCopyCommand, SharesWhatIsAligned) {
  EXPECT_EQ(copied(bench.list({blocks(8, 800, 16)})), kGood);
  EXPECT_TRUE(bench.image(1).shares({800 * 512, 816 * 512}, bench.image(0), 8 * 512));
}

TEST_F(ExtendedCopyCommand, CopiesWithinAUnit) {
  const Bytes before = bench.bytes(0, 0, 2048);
  EXPECT_EQ(copied(bench.list({blocks(0, 2048, 2048)}, 0, 0)), kGood);
  EXPECT_EQ(bench.bytes(0, 2048, 2048), before);
}

TEST_F(ExtendedCopyCommand, IsTakenByEitherUnit) {
  EXPECT_EQ(ending_of(*bench.copy(bench.list({blocks(0, 0, 8)}), {.lun = 1})), kGood);
  EXPECT_EQ(bench.bytes(1, 0, 8), bench.bytes(0, 0, 8));
}

TEST_F(ExtendedCopyCommand, OfNothingIsFine) {
  EXPECT_EQ(ending_of(*bench.execute({0x83, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0})), kGood);
  EXPECT_EQ(copied(bench.list({blocks(0, 0, 0)})), kGood);
  EXPECT_EQ(copied(CopyList{}), kGood);
}

TEST_F(ExtendedCopyCommand, CountsBytesToo) {
  CopyList list = bench.list({});
  ByteSegment segment{0, 1, 1000, 2, 3, 100, 200, false};
  list.segments = {segment};
  EXPECT_EQ(copied(list), kGood);
  EXPECT_EQ(bench.image(1).peek(3 * 512 + 200, 1000), bench.image(0).peek(2 * 512 + 100, 1000));
  EXPECT_EQ(bench.image(1).peek(3 * 512, 200), Bytes(200)) << "what is before it stays";
}

TEST_F(ExtendedCopyCommand, WithAnOffsetBehindTheBlockIsAborted) {
  CopyList list = bench.list({});
  list.segments = {ByteSegment{0, 1, 512, 0, 0, 512, 0, false}};
  EXPECT_EQ(copied(list), refused_with(codes::kSegmentField));
}

TEST_F(ExtendedCopyCommand, ListsThatAreTooShortAreRefused) {
  const CopyList list = bench.list({blocks(0, 0, 8)});
  const Bytes whole = encode_copy_list(list);
  for (const size_t length : {size_t{1}, size_t{15}, size_t{47}, whole.size() - 1}) {
    const CopyOutCdb cdb{CopyOut::extended_copy_lid1, 0, static_cast<uint32_t>(length), 0};
    const Bytes data = View(whole).part(0, length).copy();
    EXPECT_EQ(ending_of(*bench.execute(encode(cdb).view().copy(), data, 0, {})),
              refused_with(codes::kParameterListLength))
        << length;
  }
  EXPECT_EQ(bench.image(1).allocated(), 0U);
}

TEST_F(ExtendedCopyCommand, MoreThanIsAnnouncedIsRefused) {
  const CopyLimits& most = bench.device().copies().limits();
  CopyList list = bench.list({blocks(0, 0, 8)});
  list.cscds.assign(most.max_cscds + size_t{1}, bench.cscd(0));
  EXPECT_EQ(copied(list), refused_with(codes::kTooManyTargets));
  list = bench.list({});
  list.segments.assign(most.max_segments + size_t{1}, blocks(0, 0, 8));
  EXPECT_EQ(copied(list), refused_with(codes::kTooManySegments));
  list.segments.assign(most.max_list_length / BlockSegment::kSize + 1, blocks(0, 0, 8));
  EXPECT_EQ(copied(list), refused_with(codes::kParameterListLength)) << "before they are counted";
}

TEST_F(ExtendedCopyCommand, UnknownTypesOfDescriptorsAreRefused) {
  const CopyList list = bench.list({blocks(0, 0, 8)});
  const auto with = [&](size_t at, uint8_t type) {
    Bytes data = encode_copy_list(list);
    data[at] = type;
    const CopyOutCdb cdb{CopyOut::extended_copy_lid1, 0, static_cast<uint32_t>(data.size()), 0};
    return ending_of(*bench.execute(encode(cdb).view().copy(), data, 0, {}));
  };
  EXPECT_EQ(with(16, 0xe0), refused_with(codes::kUnsupportedTargetType));
  EXPECT_EQ(with(16 + 64, 0x03), refused_with(codes::kUnsupportedSegmentType));
}

TEST_F(ExtendedCopyCommand, KeysAreNotRegistered) {
  CopyList list = bench.list({});
  list.segments = {RegisterKeySegment{0, 1, 2}};
  EXPECT_EQ(copied(list), refused_with(codes::kUnsupportedSegmentType));
}

TEST_F(ExtendedCopyCommand, WhatCantBeFoundStopsAtItsSegment) {
  CopyList list = bench.list({blocks(0, 0, 8), blocks(8, 8, 8), blocks(16, 16, 8)});
  std::get<BlockSegment>(list.segments[1]).destination = 2;
  const TaskPtr task = bench.copy(list);
  EXPECT_EQ(ending_of(*task), refused_with(codes::kUnreachable));
  EXPECT_EQ(task->outcome.sense.failed_segment(), 1);
  EXPECT_EQ(bench.bytes(1, 0, 8), bench.bytes(0, 0, 8)) << "those before it are done";
  EXPECT_EQ(bench.bytes(1, 16, 8), Bytes(8 * 512)) << "those behind it are not";
}

TEST_F(ExtendedCopyCommand, NullAndStrangeDevicesAreNotFound) {
  CopyList list = bench.list({blocks(0, 0, 8)});
  list.cscds[1].null_device = true;
  EXPECT_EQ(copied(list), refused_with(codes::kTargetNotReachable));
  list = bench.list({blocks(0, 0, 8)});
  list.cscds[1].designator.value.back() ^= 1;
  EXPECT_EQ(copied(list), refused_with(codes::kTargetNotReachable));
  list = bench.list({blocks(0, 0, 8)});
  list.cscds[1].designator.value.pop_back();
  EXPECT_EQ(copied(list), refused_with(codes::kTargetNotReachable)) << "a part of a name is none";
  list = bench.list({blocks(0, 0, 8)});
  list.cscds[1].block_length = 4096;
  EXPECT_EQ(copied(list), refused_with(codes::kWrongTargetType));
  list = bench.list({blocks(0, 0, 8)});
  list.cscds[1].device_type = 1;
  EXPECT_EQ(copied(list), refused_with(codes::kWrongTargetType));
  EXPECT_EQ(bench.image(1).allocated(), 0U);
}

TEST_F(ExtendedCopyCommand, LuIdTypesAreIgnoredAsSpc4Says) {
  CopyList list = bench.list({blocks(0, 0, 8)});
  list.cscds[0].lu_id_type = 3;
  EXPECT_EQ(copied(list), kGood);
}

// CVE-2020-28374: any name was looked for among all units of the target.
TEST_F(ExtendedCopyCommand, UnitsThatTheInitiatorDoesNotSeeAreNotFound) {
  const NexusId stranger = bench.open("iqn.stranger");
  bench.map("iqn.stranger", {{0, bench.shared_unit(1)}});
  const TargetBench::To to{.nexus = stranger, .lun = 0};
  (void)bench.execute({0, 0, 0, 0, 0, 0}, {}, 0);
  TaskPtr task = bench.copy(bench.list({blocks(0, 0, 8)}), to);
  // What is reported of the change comes first.
  if (task->outcome.sense.code.key == SenseKey::unit_attention) {
    task = bench.copy(bench.list({blocks(0, 0, 8)}), to);
  }
  EXPECT_EQ(ending_of(*task), refused_with(codes::kTargetNotReachable));
  task = bench.copy(bench.list({blocks(0, 0, 8)}, 1, 0), to);
  EXPECT_EQ(ending_of(*task), refused_with(codes::kTargetNotReachable));
  EXPECT_EQ(bench.image(1).allocated(), 0U);
  EXPECT_EQ(ending_of(*bench.copy(bench.list({blocks(0, 64, 8)}, 1, 1), to)), kGood);
}

TEST_F(ExtendedCopyCommand, BeyondTheEndOfAUnitIsAborted) {
  const uint64_t last = bench.unit().blocks();
  for (const auto& [segment, from] :
       {std::pair{blocks(last - 7, 0, 8), ForwardedSense::From::source},
        std::pair{blocks(0, last - 7, 8), ForwardedSense::From::destination},
        std::pair{blocks(UINT64_MAX, 0, 8), ForwardedSense::From::source},
        std::pair{blocks(0, UINT64_MAX / 512, 8), ForwardedSense::From::destination}}) {
    const TaskPtr task = bench.copy(bench.list({segment}));
    EXPECT_EQ(ending_of(*task), refused_with(codes::kCopyAborted));
    ASSERT_EQ(task->outcome.sense.forwarded.size(), 1U);
    EXPECT_EQ(task->outcome.sense.forwarded[0].from, from);
    EXPECT_EQ(decode_sense(task->outcome.sense.forwarded[0].sense)->code, codes::kLbaOutOfRange);
  }
}

TEST_F(ExtendedCopyCommand, OverlapIsRefusedAndTheSameBlocksAreLeft) {
  const Bytes before = bench.bytes(0, 0, 64);
  EXPECT_EQ(copied(bench.list({blocks(0, 8, 16)}, 0, 0)), refused_with(codes::kSegmentField));
  EXPECT_EQ(copied(bench.list({blocks(8, 8, 16)}, 0, 0)), kGood);
  EXPECT_EQ(bench.bytes(0, 0, 64), before);
}

TEST_F(ExtendedCopyCommand, ReadOnlyDestinationsStayAsTheyAre) {
  TargetBench::Options options = two_units();
  options.image.read_only = true;
  CopyBench other(options);
  const TaskPtr task = other.copy(other.list({blocks(0, 0, 8)}));
  EXPECT_EQ(ending_of(*task), refused_with(codes::kThirdPartyFailure));
  ASSERT_EQ(task->outcome.sense.forwarded.size(), 1U);
  EXPECT_EQ(decode_sense(task->outcome.sense.forwarded[0].sense)->code, codes::kWriteProtected);
}

TEST_F(ExtendedCopyCommand, ReservationsOfTheOtherUnitHold) {
  const NexusId other = bench.open();
  EXPECT_EQ(ending_of(*bench.execute({0x16, 0, 0, 0, 0, 0}, {.nexus = other, .lun = 1})), kGood);
  const TaskPtr task = bench.copy(bench.list({blocks(0, 0, 8)}));
  EXPECT_EQ(ending_of(*task), refused_with(codes::kThirdPartyFailure));
  ASSERT_EQ(task->outcome.sense.forwarded.size(), 1U);
  EXPECT_EQ(task->outcome.sense.forwarded[0].status, 0x18);
  EXPECT_EQ(bench.image(1).allocated(), 0U);
}

TEST_F(ExtendedCopyCommand, NoSpaceIsSaidPlainly) {
  bench.image(1).add({Op::clone, ENOSPC});
  const TaskPtr task = bench.copy(bench.list({blocks(0, 0, 8)}));
  EXPECT_EQ(ending_of(*task), refused_with(codes::kNoSpace));
  EXPECT_EQ(task->outcome.sense.failed_segment(), 0);
}

TEST_F(ExtendedCopyCommand, AFailureToReadIsForwarded) {
  bench.image(0).add({Op::read, EIO});
  const TaskPtr task = bench.copy(bench.list({blocks(0, 0, 8)}));
  EXPECT_EQ(ending_of(*task), refused_with(codes::kThirdPartyFailure));
  ASSERT_EQ(task->outcome.sense.forwarded.size(), 1U);
  EXPECT_EQ(task->outcome.sense.forwarded[0].from, ForwardedSense::From::source);
  const SenseCode inner = decode_sense(task->outcome.sense.forwarded[0].sense)->code;
  EXPECT_EQ(inner, (SenseCode{SenseKey::medium_error, 0x11, 0x00}));
}

TEST_F(ExtendedCopyCommand, BlocksOfDifferentSizesAreConverted) {
  const auto image = memory_image(uint64_t{1} << 20);
  UnitOptions options;
  options.name = "large";
  options.serial = "large blocks";
  options.block_length = 4096;
  const auto large = std::make_shared<LogicalUnit>(options, image);
  const NexusId nexus = bench.open("iqn.mixed");
  bench.map("iqn.mixed", {{0, bench.shared_unit(0)}, {1, large}});
  const TargetBench::To to{.nexus = nexus, .lun = 0};
  CopyList list = bench.list({blocks(16, 1, 16)});
  list.cscds[1].designator = large->naa();
  list.cscds[1].block_length = 4096;
  TaskPtr task = bench.copy(list, to);
  if (task->outcome.sense.code.key == SenseKey::unit_attention) task = bench.copy(list, to);
  EXPECT_EQ(ending_of(*task), kGood) << "16 blocks of the source";
  EXPECT_EQ(image->peek(4096, 8192), bench.bytes(0, 16, 16));
  EXPECT_EQ(image->peek(12288, 4096), Bytes(4096));
  std::get<BlockSegment>(list.segments[0]).count_of_destination = true;
  std::get<BlockSegment>(list.segments[0]).blocks = 3;
  EXPECT_EQ(ending_of(*bench.copy(list, to)), kGood) << "3 blocks of the destination";
  EXPECT_EQ(image->peek(4096, 12288), bench.bytes(0, 16, 24));
  std::get<BlockSegment>(list.segments[0]).count_of_destination = false;
  EXPECT_EQ(ending_of(*bench.copy(list, to)), refused_with(codes::kSegmentInexact));
}

TEST_F(ExtendedCopyCommand, IsStableWhereTheCacheIsOff) {
  TargetBench::Options options = two_units();
  options.unit.write_cache = false;
  CopyBench other(options);
  EXPECT_EQ(ending_of(*other.copy(other.list({blocks(0, 0, 8)}))), kGood);
  EXPECT_GT(other.image(1).calls().flushes, 0U);
}

TEST_F(ExtendedCopyCommand, StatusIsToldOnce) {
  EXPECT_FALSE(status_lid1(7)) << "of an unknown list";
  EXPECT_EQ(copied(named(7)), kGood);
  const auto status = status_lid1(7);
  ASSERT_TRUE(status);
  EXPECT_EQ(status->state, wire::CopyStatus::State::complete);
  EXPECT_EQ(status->segments_processed, 1);
  EXPECT_EQ(count_in_bytes(status->unit, status->count, 512), 4096U * 512);
  EXPECT_FALSE(status_lid1(7));
}

TEST_F(ExtendedCopyCommand, ResultsAreOfOneNexusAndOneUnit) {
  EXPECT_EQ(copied(named(7)), kGood);
  const NexusId other = bench.open();
  const Ending unknown = refused_with(codes::kInvalidFieldInCdb);
  EXPECT_EQ(ending_of(*bench.receive(CopyIn::copy_status_lid1, 7, {.nexus = other})), unknown);
  EXPECT_EQ(ending_of(*bench.receive(CopyIn::copy_status_lid1, 7, {.lun = 1})), unknown);
  EXPECT_EQ(ending_of(*bench.receive(CopyIn::copy_status_lid4, 7, {})), unknown);
  EXPECT_TRUE(status_lid1(7));
}

TEST_F(ExtendedCopyCommand, AFailureHasDetails) {
  CopyList list = named(9);
  list.cscds[1].null_device = true;
  EXPECT_EQ(copied(list), refused_with(codes::kTargetNotReachable));
  EXPECT_EQ(status_lid1(9)->state, wire::CopyStatus::State::error);
  const TaskPtr task = bench.receive(CopyIn::failed_segment_details, 9, {});
  const auto details = decode_failure_details(task->data_in.view());
  ASSERT_TRUE(details);
  EXPECT_EQ(details->status, 0x02);
  EXPECT_EQ(decode_sense(details->sense)->code, codes::kTargetNotReachable);
  EXPECT_EQ(ending_of(*bench.receive(CopyIn::failed_segment_details, 9, {})),
            refused_with(codes::kInvalidFieldInCdb));
}

TEST_F(ExtendedCopyCommand, ListsWithoutANameLeaveNoResult) {
  EXPECT_EQ(copied(named(0, ListIdUsage::none)), kGood);
  EXPECT_FALSE(status_lid1(0));
}

TEST_F(ExtendedCopyCommand, ANameInUseIsRefused) {
  bench.image(1).hold_copies(true);
  auto first = bench.start_copy(named(5), {});
  while (!status_lid1(5)) std::this_thread::yield();
  EXPECT_EQ(status_lid1(5)->state, wire::CopyStatus::State::in_progress);
  EXPECT_EQ(copied(named(5)), refused_with(codes::kInvalidFieldInList));
  CopyList four = named(5, ListIdUsage::hold, Lid::lid4);
  EXPECT_EQ(copied(four), refused_with(codes::kOperationInProgress));
  bench.image(1).hold_copies(false);
  EXPECT_EQ(ending_of(*first.wait()), kGood);
  EXPECT_EQ(copied(named(5)), kGood) << "it is free again";
}

TEST_F(ExtendedCopyCommand, ResultsAreBounded) {
  const unsigned most = bench.device().copies().limits().max_results_per_nexus;
  for (unsigned id = 0; id <= most; ++id) {
    EXPECT_EQ(copied(named(static_cast<uint8_t>(id))), kGood);
  }
  EXPECT_FALSE(status_lid1(0)) << "the oldest is forgotten";
  EXPECT_TRUE(status_lid1(1));
  EXPECT_TRUE(status_lid1(static_cast<uint8_t>(most)));
}

TEST_F(ExtendedCopyCommand, InTheBackgroundIsAskedAbout) {
  CopyList list = named(0x12345678, ListIdUsage::hold, Lid::lid4);
  list.immediate = true;
  bench.image(1).hold_copies(true);
  EXPECT_EQ(copied(list), kGood);
  const auto running = bench.status(0x12345678, {});
  ASSERT_TRUE(running);
  EXPECT_TRUE(running->running());
  EXPECT_EQ(running->service_action, 0x01);
  bench.image(1).hold_copies(false);
  const auto ended = bench.ended(0x12345678, {});
  EXPECT_EQ(ended.state, OperationStatus::State::complete);
  EXPECT_EQ(ended.segments_processed, 1);
  EXPECT_EQ(ended.count, 4096U * 512);
  EXPECT_EQ(ended.unit, kUnitBytes);
  EXPECT_EQ(bench.bytes(1, 0, 4096), bench.bytes(0, 0, 4096));
}

TEST_F(ExtendedCopyCommand, InTheBackgroundNeedsAName) {
  CopyList list = named(0, ListIdUsage::none, Lid::lid4);
  list.immediate = true;
  EXPECT_EQ(copied(list), refused_with(codes::kInvalidFieldInList));
}

TEST_F(ExtendedCopyCommand, IsStoppedByCopyOperationAbort) {
  bench.image(1).hold_copies(true);
  auto copy = bench.start_copy(named(77, ListIdUsage::hold, Lid::lid4), {});
  EXPECT_EQ(ending_of(*bench.abort(78, {})), refused_with(codes::kInvalidFieldInCdb));
  while (!bench.status(77, {})) std::this_thread::yield();
  EXPECT_EQ(ending_of(*bench.abort(77, {})), kGood);
  EXPECT_EQ(ending_of(*copy.wait()), kAborted);
  EXPECT_EQ(bench.status(77, {})->state, OperationStatus::State::terminated);
}

// All threads for copies are busy: who waits is known nevertheless.
TEST_F(ExtendedCopyCommand, IsKnownAndStoppedWhileItWaitsForAThread) {
  auto busy = occupy_threads();
  auto waits = bench.start_copy(named(77, ListIdUsage::hold, Lid::lid4), {});
  const auto known = bench.status(77, {});
  ASSERT_TRUE(known);
  EXPECT_TRUE(known->running());
  EXPECT_EQ(copied(named(77, ListIdUsage::hold, Lid::lid4)),
            refused_with(codes::kOperationInProgress));
  EXPECT_EQ(ending_of(*bench.abort(77, {})), kGood);
  bench.image(1).hold_copies(false);
  EXPECT_EQ(ending_of(*waits.wait()), kAborted);
  EXPECT_EQ(bench.status(77, {})->state, OperationStatus::State::terminated);
  EXPECT_EQ(bench.status(77, {})->count, 0U);
  for (auto& one : busy) EXPECT_EQ(ending_of(*one.wait()), kGood);
}

TEST_F(ExtendedCopyCommand, ThatWaitsForAThreadIsAbortedByTaskManagement) {
  auto busy = occupy_threads();
  auto waits = bench.start_copy(named(5), {});
  ASSERT_TRUE(status_lid1(5));
  auto managed = bench.start_managing(Management::abort_task, {}, waits.tag());
  bench.image(1).hold_copies(false);
  EXPECT_EQ(managed.get(), ManagementResult::complete);
  EXPECT_TRUE(waits.wait()->aborted);
  for (auto& one : busy) EXPECT_EQ(ending_of(*one.wait()), kGood);
  EXPECT_EQ(bench.image(1).calls().copies, busy.size()) << "it has not begun";
}

TEST_F(ExtendedCopyCommand, MoreThanAreAnnouncedAreToBeTriedAgain) {
  TargetBench::Options options = two_units();
  options.device.copy.concurrent = 3;
  CopyBench small(options);
  small.image(1).hold_copies(true);
  std::vector<TargetBench::Pending> busy;
  for (int i = 0; i < 3; ++i) {
    busy.push_back(small.start_copy(small.list({blocks(0, 0, 8)}), {}));
  }
  EXPECT_EQ(small.copy(small.list({blocks(0, 0, 8)}))->outcome.status, Status::task_set_full);
  small.image(1).hold_copies(false);
  for (auto& one : busy) EXPECT_EQ(ending_of(*one.wait()), kGood);
  EXPECT_EQ(ending_of(*small.copy(small.list({blocks(0, 0, 8)}))), kGood) << "there is room again";
}

TEST_F(ExtendedCopyCommand, IsStoppedByTaskManagement) {
  bench.image(1).hold_copies(true);
  auto copy = bench.start_copy(named(3), {});
  while (!status_lid1(3)) std::this_thread::yield();
  EXPECT_EQ(bench.manage(Management::abort_task, {}, copy.tag()), ManagementResult::complete);
  EXPECT_TRUE(copy.wait()->aborted);
}

TEST_F(ExtendedCopyCommand, InTheBackgroundEndsWithItsNexus) {
  const NexusId other = bench.open();
  CopyList list = named(1, ListIdUsage::hold, Lid::lid4);
  list.immediate = true;
  bench.image(1).hold_copies(true);
  EXPECT_EQ(ending_of(*bench.copy(list, {.nexus = other})), kGood);
  bench.close(other);
  bench.device().copies().stop();
  const auto copies = bench.device().copies().copies();
  ASSERT_EQ(copies.size(), 1U);
  EXPECT_FALSE(copies[0].running);
  EXPECT_EQ(copies[0].error, ECANCELED);
}

TEST_F(ExtendedCopyCommand, IsCountedForTheOperator) {
  EXPECT_EQ(copied(bench.list({blocks(8, 800, 16)})), kGood);
  EXPECT_EQ(copied(bench.list({blocks(9, 800, 1)})), kGood);
  const auto totals = bench.device().copies().totals();
  EXPECT_EQ(totals.copies, 2U);
  EXPECT_EQ(totals.shared, 16U * 512);
  EXPECT_EQ(totals.moved, 512U);
  const auto copies = bench.device().copies().copies();
  ASSERT_EQ(copies.size(), 2U);
  EXPECT_EQ(copies[0].command, "EXTENDED COPY(LID1)");
  EXPECT_EQ(copies[0].source, "disk0");
  EXPECT_EQ(copies[0].destination, "disk1");
  EXPECT_EQ(copies[0].bytes, 16U * 512);
  EXPECT_EQ(copies[0].total, 16U * 512);
  EXPECT_EQ(copies[0].account.mechanism, "clone");
}

// QEMU's iscsi driver: list 1 for all, results not wanted, several under way.
TEST_F(ExtendedCopyCommand, ListsOfOneNameRunSideBySideWhereNobodyWantsResults) {
  bench.image(1).hold_copies(true);
  auto first = bench.start_copy(named(1, ListIdUsage::discard), {});
  auto second = bench.start_copy(named(1, ListIdUsage::discard), {});
  while (bench.device().copies().copies().size() < 2) std::this_thread::yield();
  bench.image(1).hold_copies(false);
  EXPECT_EQ(ending_of(*first.wait()), kGood);
  EXPECT_EQ(ending_of(*second.wait()), kGood);
}

TEST_F(ExtendedCopyCommand, OperatingParametersAreThoseThatAreKeptTo) {
  const TaskPtr task = bench.receive(CopyIn::operating_parameters, 0, {});
  const auto parameters = decode_operating_parameters(task->data_in.view());
  ASSERT_TRUE(parameters);
  EXPECT_TRUE(parameters->no_list_id);
  EXPECT_EQ(parameters->max_cscds, 16);
  EXPECT_EQ(parameters->max_segments, 256);
  EXPECT_EQ(parameters->descriptor_types, (Bytes{0x02, 0x07, 0x0a, 0xe4}));
  // One more of either has to fit, or its refusal would be another one (iscsi-test-cu, DescrLimits).
  EXPECT_GE(parameters->max_descriptors_length, (parameters->max_cscds + 1U) * 32 + 28);
  EXPECT_GE(parameters->max_descriptors_length, (parameters->max_segments + 1U) * 28 + 32);
}

TEST_F(ExtendedCopyCommand, HeldDataIsNotKept) {
  EXPECT_EQ(ending_of(*bench.execute({0x84, 1, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0})),
            refused_with(codes::kInvalidFieldInCdb));
}

}  // namespace
}  // namespace libcopyfile::test
