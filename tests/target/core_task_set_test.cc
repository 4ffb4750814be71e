#include <gtest/gtest.h>

#include "target/task_set.h"
#include "testing/target_bench.h"
#include "wire/sense_codes.h"

namespace libcopyfile::test {
namespace {

using namespace target;
using namespace std::chrono_literals;
using wire::Bytes;
namespace codes = wire::codes;

const Bytes kTestUnitReady = {0, 0, 0, 0, 0, 0};
// Flushes, and so takes as long as the image is held.
const Bytes kStop = {0x1b, 0, 0, 0, 0, 0};

bool ready(const std::future<ManagementResult>& result) {
  return result.wait_for(20ms) == std::future_status::ready;
}

// Work has begun that takes as long as the image is held.
void wait_for_flushes(TargetBench& bench, unsigned count) {
  while (bench.image().calls().flushes < count) std::this_thread::sleep_for(1ms);
}

wire::SenseCode attention(TargetBench& bench, NexusId nexus, uint16_t lun = 0) {
  return bench.execute(kTestUnitReady, {.nexus = nexus, .lun = lun})->outcome.sense.code;
}

TEST(TaskSet, OrderedTaskWaitsForOlderOnesAndYoungerOnesForIt) {
  TargetBench bench;
  bench.image().hold_transfers(true);
  auto first = bench.start(kStop, {});
  auto ordered = bench.start(kTestUnitReady, {.attribute = Attribute::ordered});
  auto simple = bench.start(kTestUnitReady, {});
  auto head = bench.start(kTestUnitReady, {.attribute = Attribute::head_of_queue});
  EXPECT_TRUE(head.done());
  EXPECT_FALSE(ordered.done());
  EXPECT_FALSE(simple.done());
  bench.image().hold_transfers(false);
  EXPECT_EQ(first.wait()->outcome.status, Status::good);
  EXPECT_EQ(ordered.wait()->outcome.status, Status::good);
  EXPECT_EQ(simple.wait()->outcome.status, Status::good);
}

TEST(TaskSet, SimpleTasksOvertakeEachOther) {
  TargetBench bench;
  bench.image().hold_transfers(true);
  auto first = bench.start(kStop, {});
  EXPECT_EQ(bench.execute(kTestUnitReady, {})->outcome.status, Status::good);
  EXPECT_FALSE(first.done());
  bench.image().hold_transfers(false);
  first.wait();
}

TEST(TaskSet, UnitsDoNotWaitForEachOther) {
  TargetBench bench({.units = 2});
  bench.image(0).hold_transfers(true);
  auto first = bench.start(kStop, {});
  auto ordered = bench.start(kTestUnitReady, {.lun = 1, .attribute = Attribute::ordered});
  EXPECT_TRUE(ordered.done());
  bench.image(0).hold_transfers(false);
  first.wait();
}

TEST(TaskSet, LongRowOfOrderedTasksIsNoDeepRecursion) {
  TargetBench bench;
  bench.image().hold_transfers(true);
  auto first = bench.start(kStop, {});
  std::vector<TargetBench::Pending> row;
  for (int i = 0; i < 20000; ++i) {
    row.push_back(bench.start(kTestUnitReady, {.attribute = Attribute::ordered}));
  }
  bench.image().hold_transfers(false);
  for (auto& task : row) ASSERT_EQ(task.wait()->outcome.status, Status::good);
  first.wait();
}

TEST(TaskSet, FullQueueIsSaidSo) {
  TargetBench::Options options;
  options.device.io_threads = 1;
  TargetBench bench(options);
  bench.image().hold_transfers(true);
  std::vector<TargetBench::Pending> row;
  for (int i = 0; i < 5000; ++i) row.push_back(bench.start(kStop, {}));
  bench.image().hold_transfers(false);
  int full = 0;
  for (auto& task : row) full += task.wait()->outcome.status == Status::task_set_full ? 1 : 0;
  EXPECT_GE(full, 5000 - 4096 - 1);
  EXPECT_LE(full, 5000 - 4096);
  // Tasks leave the set after they were answered: this waits for them.
  EXPECT_EQ(bench.manage(Management::clear_task_set, {}), ManagementResult::complete);
  EXPECT_EQ(bench.unit().tasks().size(), 0U);
}

TEST(AbortTask, ManagementWaitsForTheTaskWhichEndsWithoutAnAnswer) {
  TargetBench bench;
  bench.image().hold_transfers(true);
  auto task = bench.start(kStop, {});
  wait_for_flushes(bench, 1);
  auto result = bench.start_managing(Management::abort_task, {}, task.tag());
  EXPECT_FALSE(ready(result));
  EXPECT_FALSE(task.done());
  bench.image().hold_transfers(false);
  EXPECT_TRUE(task.wait()->aborted);
  EXPECT_EQ(result.get(), ManagementResult::complete);
}

TEST(AbortTask, TaskThatWaitsForAThreadIsNotCarriedOut) {
  TargetBench::Options options;
  options.device.io_threads = 1;
  TargetBench bench(options);
  bench.image().hold_transfers(true);
  auto first = bench.start(kStop, {});
  wait_for_flushes(bench, 1);
  auto second = bench.start(kStop, {});
  auto result = bench.start_managing(Management::abort_task, {}, second.tag());
  bench.image().hold_transfers(false);
  EXPECT_FALSE(first.wait()->aborted);
  EXPECT_TRUE(second.wait()->aborted);
  EXPECT_EQ(result.get(), ManagementResult::complete);
  EXPECT_EQ(bench.image().calls().flushes, 1U);
}

TEST(AbortTask, TaskThatWaitsForItsTurnEndsAtOnce) {
  TargetBench bench;
  bench.image().hold_transfers(true);
  auto first = bench.start(kStop, {});
  auto waiting = bench.start(kTestUnitReady, {.attribute = Attribute::ordered});
  EXPECT_EQ(bench.manage(Management::abort_task, {}, waiting.tag()), ManagementResult::complete);
  EXPECT_TRUE(waiting.done());
  EXPECT_TRUE(waiting.wait()->aborted);
  bench.image().hold_transfers(false);
  EXPECT_FALSE(first.wait()->aborted);
}

TEST(AbortTask, WhatIsNotThereIsSaidSo) {
  TargetBench bench;
  EXPECT_EQ(bench.manage(Management::abort_task, {}, 12345), ManagementResult::no_task);
  EXPECT_EQ(bench.manage(Management::abort_task, {.lun = 9}, 1), ManagementResult::no_unit);
  EXPECT_EQ(bench.manage(Management::abort_task, {.nexus = 987654}, 1), ManagementResult::rejected);
}

TEST(AbortTask, TaskOfAnotherInitiatorIsLeftAlone) {
  TargetBench bench;
  const NexusId other = bench.open();
  bench.image().hold_transfers(true);
  auto task = bench.start(kStop, {});
  EXPECT_EQ(bench.manage(Management::abort_task, {.nexus = other}, task.tag()),
            ManagementResult::no_task);
  EXPECT_EQ(bench.manage(Management::abort_task_set, {.nexus = other}), ManagementResult::complete);
  bench.image().hold_transfers(false);
  EXPECT_FALSE(task.wait()->aborted);
}

TEST(ClearTaskSet, OthersLearnThatTheirCommandsWereCleared) {
  TargetBench bench;
  const NexusId other = bench.open(), idle = bench.open();
  bench.image().hold_transfers(true);
  auto mine = bench.start(kStop, {});
  auto theirs = bench.start(kStop, {.nexus = other});
  auto result = bench.start_managing(Management::clear_task_set, {});
  bench.image().hold_transfers(false);
  EXPECT_TRUE(mine.wait()->aborted);
  EXPECT_TRUE(theirs.wait()->aborted);
  EXPECT_EQ(result.get(), ManagementResult::complete);
  EXPECT_EQ(attention(bench, other), codes::kCommandsCleared);
  EXPECT_EQ(attention(bench, idle), wire::SenseCode{});
  EXPECT_EQ(attention(bench, bench.nexus()), wire::SenseCode{});
}

TEST(Reset, OfAUnitIsToldToAll) {
  TargetBench bench({.units = 2});
  const NexusId other = bench.open();
  bench.image().hold_transfers(true);
  auto task = bench.start(kStop, {.nexus = other});
  wait_for_flushes(bench, 1);
  auto result = bench.start_managing(Management::logical_unit_reset, {});
  EXPECT_FALSE(ready(result));
  bench.image().hold_transfers(false);
  EXPECT_TRUE(task.wait()->aborted);
  EXPECT_EQ(result.get(), ManagementResult::complete);
  EXPECT_EQ(attention(bench, other), codes::kDeviceReset);
  EXPECT_EQ(attention(bench, bench.nexus()), codes::kDeviceReset);
  EXPECT_EQ(attention(bench, other, 1), wire::SenseCode{});
}

TEST(Reset, OfTheTargetConcernsTheUnitsThatTheNexusSees) {
  TargetBench bench({.units = 2});
  const NexusId other = bench.open("iqn.other");
  bench.map("iqn.small", {{0, bench.shared_unit(0)}});
  const NexusId small = bench.open("iqn.small");
  EXPECT_EQ(bench.manage(Management::target_warm_reset, {.nexus = small}),
            ManagementResult::complete);
  EXPECT_EQ(attention(bench, other, 0), codes::kBusReset);
  EXPECT_EQ(attention(bench, other, 1), wire::SenseCode{});
  EXPECT_EQ(bench.manage(Management::target_cold_reset, {.nexus = small}),
            ManagementResult::complete);
  EXPECT_EQ(attention(bench, other, 0), codes::kPowerOn);
}

TEST(Nexus, ItsTasksEndWithIt) {
  TargetBench bench;
  const NexusId other = bench.open();
  bench.image().hold_transfers(true);
  auto running = bench.start(kStop, {.nexus = other});
  auto waiting = bench.start(kTestUnitReady, {.nexus = other, .attribute = Attribute::ordered});
  auto mine = bench.start(kStop, {});
  bench.close(other);
  EXPECT_TRUE(waiting.wait()->aborted);
  EXPECT_FALSE(bench.device().nexus(other));
  bench.image().hold_transfers(false);
  EXPECT_TRUE(running.wait()->aborted);
  EXPECT_FALSE(mine.wait()->aborted);
}

TEST(Nexus, DeviceWaitsForItsTasksBeforeItEnds) {
  auto bench = std::make_unique<TargetBench>();
  const auto unit = bench->shared_unit(0);
  bench->image().hold_transfers(true);
  auto task = bench->start(kStop, {});
  std::atomic<bool> ended{false};
  MemoryImage& image = bench->image();
  auto ending = std::async(std::launch::async, [&] {
    bench.reset();
    ended = true;
  });
  std::this_thread::sleep_for(20ms);
  EXPECT_FALSE(ended);
  image.hold_transfers(false);
  ending.wait();
  EXPECT_TRUE(task.done());
  EXPECT_TRUE(task.wait()->aborted);
}

TEST(Nexus, ReservationOfOneIsSeenByTheOther) {
  TargetBench bench;
  const NexusId other = bench.open();
  const Nexus mine = *bench.device().nexus(bench.nexus());
  EXPECT_EQ(bench.unit().reservations().reserve(mine).status, Status::good);
  EXPECT_EQ(bench.execute(kTestUnitReady, {.nexus = other})->outcome.status,
            Status::reservation_conflict);
  EXPECT_EQ(bench.execute(Bytes{0x12, 0, 0, 0, 36, 0}, {.nexus = other})->outcome.status,
            Status::good);
  bench.close(bench.nexus());
  EXPECT_EQ(bench.execute(kTestUnitReady, {.nexus = other})->outcome.status, Status::good);
}

TEST(LunMaps, ChangeIsToldAndTakesEffect) {
  TargetBench bench({.units = 2});
  bench.map("", {{0, bench.shared_unit(0)}});
  EXPECT_EQ(attention(bench, bench.nexus()), codes::kReportedLunsChanged);
  EXPECT_EQ(attention(bench, bench.nexus(), 1), codes::kUnitNotSupported);
  bench.map("", {{0, bench.shared_unit(0)}, {5, bench.shared_unit(1)}});
  EXPECT_EQ(attention(bench, bench.nexus()), codes::kReportedLunsChanged);
  EXPECT_EQ(attention(bench, bench.nexus(), 5), codes::kPowerOn);
  EXPECT_EQ(attention(bench, bench.nexus(), 5), wire::SenseCode{});
}

TEST(LunMaps, NothingIsToldToThoseWhomItDoesNotConcern) {
  TargetBench bench;
  const NexusId other = bench.open("iqn.other");
  bench.map("iqn.other", {});
  EXPECT_EQ(attention(bench, bench.nexus()), wire::SenseCode{});
  EXPECT_EQ(attention(bench, other), codes::kUnitNotSupported);
}

TEST(LunMaps, TasksOnAUnitThatIsTakenAwayEnd) {
  TargetBench bench;
  bench.image().hold_transfers(true);
  auto running = bench.start(kStop, {});
  auto waiting = bench.start(kTestUnitReady, {.attribute = Attribute::ordered});
  bench.map("", {});
  EXPECT_TRUE(waiting.wait()->aborted);
  bench.image().hold_transfers(false);
  EXPECT_TRUE(running.wait()->aborted);
}

TEST(LunMaps, NumbersGoToTheirEightBytesAndBack) {
  for (const auto number : std::to_array<uint16_t>({0, 1, 255, 256, 16383})) {
    EXPECT_EQ(lun_number(lun_field(number)), number);
  }
  EXPECT_EQ(lun_field(3), uint64_t{0x0003} << 48);
  EXPECT_EQ(lun_field(256), uint64_t{0x4100} << 48);
  EXPECT_EQ(lun_number(uint64_t{0x4003} << 48), 3);
  EXPECT_FALSE(lun_number(uint64_t{0x0100} << 48));   // bus 1
  EXPECT_FALSE(lun_number(uint64_t{0xc101} << 48));   // a well-known unit
  EXPECT_FALSE(lun_number((uint64_t{3} << 48) | 1));  // a second level
}

TEST(UnitAttentions, AreBoundedAndNoneWaitsTwice) {
  UnitAttentions attentions;
  attentions.add_nexus(1, codes::kPowerOn);
  attentions.take(1);
  for (unsigned round = 0; round < 2; ++round) {
    for (unsigned i = 0; i < 100; ++i) {
      attentions.establish({wire::SenseKey::unit_attention, 0x2a, static_cast<uint8_t>(i)});
    }
  }
  int count = 0;
  while (attentions.take(1)) ++count;
  EXPECT_EQ(count, 16);
}

TEST(UnitAttentions, ResetStandsForAllThatWasBefore) {
  UnitAttentions attentions;
  attentions.add_nexus(1, codes::kPowerOn);
  attentions.add_nexus(2, codes::kPowerOn);
  attentions.take(2);
  attentions.establish(codes::kModeParametersChanged);
  attentions.establish(codes::kDeviceReset, 3);
  EXPECT_EQ(attentions.take(1), codes::kPowerOn);
  EXPECT_EQ(attentions.take(1), std::nullopt);
  EXPECT_EQ(attentions.take(2), codes::kDeviceReset);
  EXPECT_EQ(attentions.take(2), std::nullopt);
}

}  // namespace
}  // namespace libcopyfile::test
