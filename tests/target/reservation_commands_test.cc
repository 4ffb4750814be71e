// Reservations through the device: CDBs, allocation lengths.
#include <thread>

#include "reservation_bench.h"
#include "testing/target_bench.h"

namespace libcopyfile::test {
namespace {

using target::Management;
using target::NexusLoss;

class ReservationCommandsTest : public ::testing::Test {
 protected:
  using To = TargetBench::To;

  target::TaskPtr send(NexusId from, const wire::Bytes& cdb, wire::View data = {}) {
    return bench.execute(cdb, data, 65536, To{.nexus = from});
  }
  Outcome out(NexusId from, Action action, const OutOptions& options) {
    const OutCommand command = out_command(action, options);
    return send(from, command.cdb, command.list)->outcome;
  }
  Outcome plain(NexusId from, uint8_t opcode) {
    return send(from, wire::Bytes{opcode, 0, 0, 0, 0, 0, 0, 0, 0, 0})->outcome;
  }

  TargetBench bench;
  NexusId one = bench.nexus(), two = bench.open();
};

TEST_F(ReservationCommandsTest, ReserveAndReleaseInBothLengths) {
  for (const uint8_t longer : std::array<uint8_t, 2>{0, 0x40}) {
    EXPECT_GOOD(plain(one, 0x16 | longer));
    EXPECT_CONFLICT(plain(two, 0x16 | longer));
    EXPECT_CONFLICT(plain(two, 0x00));
    EXPECT_GOOD(plain(two, 0x17 | longer));
    EXPECT_CONFLICT(plain(two, 0x00));
    EXPECT_GOOD(plain(one, 0x00));
    EXPECT_GOOD(plain(one, 0x17 | longer));
    EXPECT_GOOD(plain(two, 0x00));
  }
}

TEST_F(ReservationCommandsTest, AReservationForAThirdPartyIsRefused) {
  EXPECT_REFUSED(send(one, {0x16, 0x10, 0, 0, 0, 0})->outcome, 5, 0x24, 0);
  EXPECT_REFUSED(send(one, {0x16, 0x01, 0, 0, 0, 0})->outcome, 5, 0x24, 0);
}

TEST_F(ReservationCommandsTest, ReserveEndsWithTheSessionAndWithAReset) {
  EXPECT_GOOD(plain(two, 0x16));
  bench.close(two, NexusLoss::connection_lost);
  EXPECT_GOOD(plain(one, 0x16));
  EXPECT_EQ(bench.manage(Management::logical_unit_reset, {}), target::ManagementResult::complete);
  const NexusId three = bench.open();
  EXPECT_GOOD(plain(three, 0x16));
}

TEST_F(ReservationCommandsTest, ReserveInReportsAllAndSendsWhatIsAskedFor) {
  EXPECT_GOOD(out(one, kRegister, {.action_key = 0x11}));
  const target::TaskPtr whole = send(two, {0x5e, kReadKeys, 0, 0, 0, 0, 0, 0x40, 0, 0});
  EXPECT_EQ(whole->data_in.size(), 16U);
  const target::TaskPtr part = send(two, {0x5e, kReadKeys, 0, 0, 0, 0, 0, 0, 12, 0});
  ASSERT_EQ(part->data_in.size(), 12U);
  EXPECT_EQ(part->data_in.view().be32(4), 8U);  // not cut with the data
  EXPECT_EQ(send(two, {0x5e, kReadKeys, 0, 0, 0, 0, 0, 0, 0, 0})->data_in.size(), 0U);
}

TEST_F(ReservationCommandsTest, ServiceActionsThatAreNoneAreRefused) {
  for (uint8_t action = 4; action < 32; ++action)
    EXPECT_REFUSED(send(one, {0x5e, action, 0, 0, 0, 0, 0, 0x40, 0, 0})->outcome, 5, 0x24, 0);
  for (uint8_t action = 8; action < 32; ++action)
    EXPECT_REFUSED(out(one, static_cast<Action>(action), {}), 5, 0x24, 0);
}

TEST_F(ReservationCommandsTest, WhoIsPreemptedIsToldOnce) {
  EXPECT_GOOD(out(one, kRegister, {.action_key = 0x11}));
  EXPECT_GOOD(out(two, kRegister, {.action_key = 0x22}));
  EXPECT_GOOD(out(two, kReserve, {.type = kWe, .key = 0x22}));
  EXPECT_GOOD(out(one, kPreempt, {.type = kWe, .key = 0x11, .action_key = 0x22}));
  EXPECT_REFUSED(plain(two, 0x00), 6, 0x2a, 0x05);
  EXPECT_GOOD(plain(two, 0x00));
  EXPECT_GOOD(plain(one, 0x00));
}

// ALLOW COMMANDS 011b of REPORT CAPABILITIES.
TEST_F(ReservationCommandsTest, WhatReportCapabilitiesPromisesIsAllowed) {
  EXPECT_GOOD(out(one, kRegister, {.action_key = 0x11}));
  const wire::Bytes mode_sense{0x1a, 0, 0x3f, 0, 0xff, 0},
      codes{0xa3, 0x0c, 0, 0, 0, 0, 0, 0, 0x40, 0, 0, 0};
  for (const uint8_t type : kAllTypes) {
    SCOPED_TRACE(int{type});
    EXPECT_GOOD(out(one, kReserve, {.type = type, .key = 0x11}));
    EXPECT_GOOD(plain(two, 0x00));
    const bool write_exclusive = type == kWe || type == kWeRo || type == kWeAr;
    EXPECT_EQ(send(two, mode_sense)->outcome.status,
              write_exclusive ? Status::good : Status::reservation_conflict);
    EXPECT_GOOD(send(write_exclusive ? two : one, codes)->outcome);
    EXPECT_GOOD(out(one, kRelease, {.type = type, .key = 0x11}));
  }
}

wire::Bytes write_10() { return {0x2a, 0, 0, 0, 0, 0, 0, 0, 1, 0}; }

TEST_F(ReservationCommandsTest, WritesFollowTheReservation) {
  const wire::Bytes block(512);
  EXPECT_GOOD(out(one, kRegister, {.action_key = 0x11}));
  EXPECT_GOOD(out(one, kReserve, {.type = kWe, .key = 0x11}));
  EXPECT_GOOD(send(one, write_10(), block)->outcome);
  EXPECT_CONFLICT(send(two, write_10(), block)->outcome);
  EXPECT_GOOD(send(two, {0x28, 0, 0, 0, 0, 0, 0, 0, 1, 0})->outcome);
  EXPECT_GOOD(out(one, kClear, {.key = 0x11}));
  EXPECT_GOOD(send(two, write_10(), block)->outcome);
}

// Once PREEMPT AND ABORT is good, no write of the preempted initiator comes any more: that is what fencing relies on.
TEST(PreemptAndAbortTest, WaitsForTheWritesThatItEnds) {
  TargetBench::Options options;
  options.image.would_block = true;
  TargetBench bench(options);
  const NexusId two = bench.open();
  const auto send = [&](NexusId from, const OutCommand& command) {
    return bench.start(command.cdb, command.list, 0, {.nexus = from});
  };
  ASSERT_EQ(send(bench.nexus(), out_command(kRegister, {.action_key = 1})).wait()->outcome.status,
            Status::good);
  ASSERT_EQ(send(two, out_command(kRegister, {.action_key = 2})).wait()->outcome.status,
            Status::good);

  const wire::Bytes block(512, 0xee);
  bench.image().hold_transfers(true);
  auto write = bench.start(write_10(), block, 0, {.nexus = two});
  auto preempt =
      send(bench.nexus(), out_command(kPreemptAndAbort, {.type = kWe, .key = 1, .action_key = 2}));
  // Until it has preempted, the other one's commands are good.
  while (bench.unit().reservations().holders().size() == 2) std::this_thread::yield();
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_FALSE(preempt.done());
  EXPECT_FALSE(write.done());

  bench.image().hold_transfers(false);
  EXPECT_EQ(preempt.wait()->outcome.status, Status::good);
  ASSERT_TRUE(write.done());
  EXPECT_TRUE(write.wait()->aborted);
}

}  // namespace
}  // namespace libcopyfile::test
