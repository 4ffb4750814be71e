// Reservations through the device: CDBs, allocation lengths.
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

}  // namespace
}  // namespace libcopyfile::test
