// PERSISTENT RESERVE OUT, action by action (SPC-4 5.13), with the unit attentions that others get.
#include "reservation_bench.h"

namespace libcopyfile::test {
namespace {

using target::Need;
using Codes = std::vector<wire::SenseCode>;

class ReservationOutTest : public ReservationBench {
 protected:
  void all_join() {
    for (const Nexus& who : {one, two, three}) {
      open(who);
      EXPECT_GOOD(join(who, 0x11 * who.id));
    }
  }
  uint64_t key(const Nexus& who) const { return 0x11 * who.id; }

  Nexus one = nexus(1), two = nexus(2), three = nexus(3);
};

TEST_F(ReservationOutTest, RegisterEntersChangesAndRemovesAKey) {
  EXPECT_GOOD(join(one, 0));
  EXPECT_TRUE(keys().keys.empty());
  EXPECT_CONFLICT(out(one, kRegister, {.key = 5, .action_key = 6}));
  EXPECT_GOOD(join(one, 5));
  EXPECT_EQ(keys().keys, std::vector<uint64_t>{5});
  EXPECT_CONFLICT(join(one, 6));
  EXPECT_GOOD(out(one, kRegister, {.key = 5, .action_key = 6}));
  EXPECT_EQ(keys().keys, std::vector<uint64_t>{6});
  EXPECT_CONFLICT(out(one, kRegister, {.key = 5}));
  EXPECT_GOOD(out(one, kRegister, {.key = 6}));
  EXPECT_TRUE(keys().keys.empty());
}

TEST_F(ReservationOutTest, RegisterAndIgnoreLooksAtNoKey) {
  EXPECT_GOOD(out(one, kRegisterAndIgnore, {.key = 77, .action_key = 5}));
  EXPECT_GOOD(out(one, kRegisterAndIgnore, {.key = 78, .action_key = 6}));
  EXPECT_EQ(keys().keys, std::vector<uint64_t>{6});
  EXPECT_GOOD(out(one, kRegisterAndIgnore, {.key = 79}));
  EXPECT_TRUE(keys().keys.empty());
}

TEST_F(ReservationOutTest, ANewKeyKeepsTheReservation) {
  EXPECT_GOOD(join(one, 5));
  EXPECT_GOOD(reserve(one, 5, kEa));
  EXPECT_GOOD(out(one, kRegister, {.key = 5, .action_key = 6}));
  EXPECT_EQ(reservation(), std::pair(uint8_t{kEa}, uint64_t{6}));
}

TEST_F(ReservationOutTest, TheGenerationCountsAllButReserveAndReleaseAndRefusals) {
  EXPECT_EQ(keys().generation, 0U);
  EXPECT_GOOD(join(one, 5));
  EXPECT_EQ(keys().generation, 1U);
  EXPECT_GOOD(reserve(one, 5, kWe));
  EXPECT_GOOD(out(one, kRelease, {.type = kWe, .key = 5}));
  EXPECT_CONFLICT(join(one, 6));
  EXPECT_CONFLICT(out(one, kClear, {.key = 6}));
  EXPECT_EQ(keys().generation, 1U);
  EXPECT_GOOD(out(two, kRegisterAndIgnore, {.action_key = 7}));
  EXPECT_GOOD(out(one, kPreempt, {.type = kWe, .key = 5, .action_key = 7}));
  EXPECT_EQ(keys().generation, 3U);
  EXPECT_GOOD(out(one, kClear, {.key = 5}));
  EXPECT_EQ(keys().generation, 4U);
}

TEST_F(ReservationOutTest, OnlyWhoIsRegisteredWithThatKeyIsServed) {
  EXPECT_GOOD(join(one, 5));
  for (const Action action : {kReserve, kRelease, kClear, kPreempt, kPreemptAndAbort}) {
    SCOPED_TRACE(int{action});
    EXPECT_CONFLICT(out(one, action, {.type = kWe, .key = 6, .action_key = 5}));
    EXPECT_CONFLICT(out(two, action, {.type = kWe, .key = 5, .action_key = 5}));
  }
  EXPECT_CONFLICT(out(one, move_command(6, 7, two.transport_id)));
  EXPECT_CONFLICT(out(two, move_command(5, 7, three.transport_id)));
  EXPECT_EQ(keys().keys, std::vector<uint64_t>{5});
}

TEST_F(ReservationOutTest, AReservationIsHeldOnceAndOnlyRepeatedAsItIs) {
  for (const uint8_t type : kAllTypes) {
    SCOPED_TRACE(int{type});
    start({});
    all_join();
    EXPECT_GOOD(reserve(one, key(one), type));
    EXPECT_GOOD(reserve(one, key(one), type));
    const bool all = type >= kWeAr;
    EXPECT_EQ(reservation(), std::pair(type, all ? uint64_t{0} : key(one)));
    EXPECT_EQ(reserve(two, key(two), type).status,
              all ? Status::good : Status::reservation_conflict);
    EXPECT_CONFLICT(reserve(one, key(one), type == kWe ? kEa : kWe));
    EXPECT_REFUSED(out(one, kReserve, {.type = type, .scope = 1, .key = key(one)}), 5, 0x24, 0);
  }
}

TEST_F(ReservationOutTest, ATypeThatIsNoneIsRefused) {
  EXPECT_GOOD(join(one, 5));
  for (const uint8_t type : std::array<uint8_t, 5>{0, 2, 4, 9, 15})
    EXPECT_REFUSED(reserve(one, 5, type), 5, 0x24, 0);
  EXPECT_FALSE(reservation());
}

TEST_F(ReservationOutTest, ReleaseTellsThoseWhoLoseAccess) {
  for (const uint8_t type : kAllTypes) {
    SCOPED_TRACE(int{type});
    start({});
    all_join();
    EXPECT_GOOD(reserve(one, key(one), type));
    EXPECT_REFUSED(out(one, kRelease, {.type = uint8_t(type == kWe ? kEa : kWe), .key = key(one)}),
                   5, 0x26, 0x04);
    EXPECT_GOOD(out(one, kRelease, {.type = type, .key = key(one)}));
    EXPECT_FALSE(reservation());
    EXPECT_TRUE(told(one).empty());
    EXPECT_EQ(told(two), type >= kWeRo ? Codes{kReservationsReleased} : Codes{});
    EXPECT_GOOD(out(one, kRelease, {.type = type, .key = key(one)}));
  }
}

TEST_F(ReservationOutTest, ReleaseByOneWhoDoesNotHoldItDoesNothing) {
  all_join();
  EXPECT_GOOD(reserve(one, key(one), kWeRo));
  EXPECT_GOOD(out(two, kRelease, {.type = kWeRo, .key = key(two)}));
  EXPECT_TRUE(reservation());
}

TEST_F(ReservationOutTest, TheLastHolderThatUnregistersEndsTheReservation) {
  for (const uint8_t type : kAllTypes) {
    SCOPED_TRACE(int{type});
    start({});
    all_join();
    EXPECT_GOOD(reserve(one, key(one), type));
    EXPECT_GOOD(out(one, kRegister, {.key = key(one)}));
    EXPECT_EQ(reservation().has_value(), type >= kWeAr);
    EXPECT_EQ(told(two), type == kWeRo || type == kEaRo ? Codes{kReservationsReleased} : Codes{});
    EXPECT_GOOD(out(two, kRegister, {.key = key(two)}));
    EXPECT_GOOD(out(three, kRegister, {.key = key(three)}));
    EXPECT_FALSE(reservation());
    EXPECT_TRUE(may(one, Need::writing));
  }
}

TEST_F(ReservationOutTest, ClearRemovesAllAndTellsThem) {
  all_join();
  EXPECT_GOOD(reserve(one, key(one), kEa));
  EXPECT_GOOD(out(two, kClear, {.key = key(two)}));
  EXPECT_FALSE(reservation());
  EXPECT_TRUE(keys().keys.empty());
  EXPECT_EQ(told(one), Codes{kReservationsPreempted});
  EXPECT_TRUE(told(two).empty());
  EXPECT_EQ(told(three), Codes{kReservationsPreempted});
}

TEST_F(ReservationOutTest, PreemptByTheKeyOfTheHolderTakesTheReservation) {
  for (const uint8_t type : {kWe, kEa, kWeRo, kEaRo}) {
    SCOPED_TRACE(int{type});
    start({});
    all_join();
    EXPECT_GOOD(reserve(one, key(one), type));
    EXPECT_REFUSED(out(two, kPreempt, {.type = 2, .key = key(two), .action_key = key(one)}), 5,
                   0x24, 0);
    EXPECT_GOOD(out(two, kPreempt, {.type = kEa, .key = key(two), .action_key = key(one)}));
    EXPECT_EQ(reservation(), std::pair(uint8_t{kEa}, key(two)));
    EXPECT_EQ(keys().keys, (std::vector{key(two), key(three)}));
    EXPECT_EQ(told(one), Codes{kRegistrationsPreempted});
    EXPECT_EQ(told(three), type == kEa ? Codes{} : Codes{kReservationsReleased});
    EXPECT_FALSE(may(one, Need::writing));
    EXPECT_TRUE(may(two, Need::writing));
  }
}

TEST_F(ReservationOutTest, PreemptByAnotherKeyRemovesRegistrationsOnly) {
  for (const uint8_t type : kAllTypes) {
    SCOPED_TRACE(int{type});
    start({});
    all_join();
    EXPECT_GOOD(reserve(one, key(one), type));
    const auto before = reservation();
    EXPECT_GOOD(out(two, kPreempt, {.type = kEa, .key = key(two), .action_key = key(three)}));
    EXPECT_EQ(reservation(), before);
    EXPECT_EQ(keys().keys, (std::vector{key(one), key(two)}));
    EXPECT_EQ(told(three), Codes{kRegistrationsPreempted});
    EXPECT_TRUE(told(one).empty());
    EXPECT_CONFLICT(out(two, kPreempt, {.type = kEa, .key = key(two), .action_key = key(three)}));
  }
}

TEST_F(ReservationOutTest, PreemptWithoutAReservationRemovesRegistrationsWhateverItsType) {
  all_join();
  EXPECT_GOOD(out(two, kPreempt, {.type = 0, .key = key(two), .action_key = key(one)}));
  EXPECT_FALSE(reservation());
  EXPECT_EQ(keys().keys, (std::vector{key(two), key(three)}));
  EXPECT_CONFLICT(out(two, kPreempt, {.type = kEa, .key = key(two), .action_key = 0xdead}));
  EXPECT_REFUSED(out(two, kPreempt, {.type = kEa, .key = key(two)}), 5, 0x26, 0);
}

TEST_F(ReservationOutTest, PreemptOfAKeyOfZeroTakesAReservationOfAllRegistrants) {
  for (const uint8_t type : {kWeAr, kEaAr}) {
    start({});
    all_join();
    EXPECT_GOOD(reserve(one, key(one), type));
    EXPECT_GOOD(out(two, kPreempt, {.type = kWe, .key = key(two)}));
    EXPECT_EQ(reservation(), std::pair(uint8_t{kWe}, key(two)));
    EXPECT_EQ(keys().keys, std::vector{key(two)});
    EXPECT_EQ(told(one), Codes{kRegistrationsPreempted});
  }
  start({});
  all_join();
  EXPECT_GOOD(reserve(one, key(one), kWeRo));
  EXPECT_REFUSED(out(two, kPreempt, {.type = kWe, .key = key(two)}), 5, 0x26, 0);
}

TEST_F(ReservationOutTest, OneWhoPreemptsItselfStaysRegisteredAndChangesTheType) {
  all_join();
  EXPECT_GOOD(out(two, kRegisterAndIgnore, {.action_key = key(one)}));
  EXPECT_GOOD(reserve(one, key(one), kWe));
  EXPECT_GOOD(out(one, kPreempt, {.type = kEaRo, .key = key(one), .action_key = key(one)}));
  EXPECT_EQ(reservation(), std::pair(uint8_t{kEaRo}, key(one)));
  EXPECT_EQ(keys().keys, (std::vector{key(one), key(three)}));
  EXPECT_EQ(told(two), Codes{kRegistrationsPreempted});
  EXPECT_EQ(told(three), Codes{kReservationsReleased});
  EXPECT_TRUE(told(one).empty());
}

TEST_F(ReservationOutTest, PreemptingAllRegistrantsDownToNobodyEndsTheReservation) {
  open(one);
  EXPECT_GOOD(join(one, 5));
  EXPECT_GOOD(reserve(one, 5, kWeAr));
  EXPECT_GOOD(out(one, kPreempt, {.type = kWe, .key = 5, .action_key = 5}));
  EXPECT_FALSE(reservation());
  EXPECT_TRUE(may(two, Need::writing));
}

TEST_F(ReservationOutTest, PreemptAndAbortNamesTheNexusesThatLost) {
  all_join();
  EXPECT_GOOD(reserve(one, key(one), kWeRo));
  EXPECT_GOOD(out(two, kPreempt, {.type = kWe, .key = key(two), .action_key = key(three)}));
  EXPECT_TRUE(take_preempted().empty());
  EXPECT_GOOD(out(two, kPreemptAndAbort, {.type = kWe, .key = key(two), .action_key = key(one)}));
  EXPECT_EQ(take_preempted(), std::vector{one.id});
  EXPECT_GOOD(out(two, kPreemptAndAbort, {.type = kWe, .key = key(two), .action_key = key(two)}));
  EXPECT_TRUE(take_preempted().empty());
}

TEST_F(ReservationOutTest, SpecIPtRegistersOthersAllOrNone) {
  const wire::Bytes both = port_list({two.transport_id, three.transport_id});
  EXPECT_GOOD(out(one, kRegister, {.action_key = 5, .flags = kSpecIPt, .behind = both}));
  EXPECT_EQ(keys().keys, (std::vector<uint64_t>{5, 5, 5}));
  EXPECT_GOOD(reserve(three, 5, kEa));

  start({});
  EXPECT_GOOD(join(three, 7));
  EXPECT_CONFLICT(out(one, kRegister, {.action_key = 5, .flags = kSpecIPt, .behind = both}));
  EXPECT_EQ(keys().keys, std::vector<uint64_t>{7});
  // Nor for one who is registered already, nor with another action.
  EXPECT_REFUSED(
      out(three, kRegister, {.key = 7, .action_key = 8, .flags = kSpecIPt, .behind = both}), 5,
      0x26, 0);
  EXPECT_REFUSED(out(one, kRegisterAndIgnore, {.action_key = 5, .flags = kSpecIPt, .behind = both}),
                 5, 0x26, 0);
}

TEST_F(ReservationOutTest, ANameWithoutAPortStandsForThePortsThatAreLoggedIn) {
  Nexus again = two;
  again.id = 77;
  again.transport_id = transport_id(two.initiator, "00023d0000ff");
  open(two);
  open(again);
  const wire::Bytes device = port_list({transport_id(two.initiator, "")});
  EXPECT_GOOD(out(one, kRegister, {.action_key = 5, .flags = kSpecIPt, .behind = device}));
  EXPECT_EQ(keys().keys.size(), 3U);
  EXPECT_GOOD(reserve(again, 5, kEa));
  // The sender's own name as well.
  const wire::Bytes own = port_list({transport_id(three.initiator, "")});
  open(three);
  EXPECT_GOOD(out(three, kRegister, {.action_key = 7, .flags = kSpecIPt, .behind = own}));
  EXPECT_EQ(keys().keys.size(), 4U);
  start({});
  const wire::Bytes unknown = port_list({transport_id("iqn.2026-01.example:nobody", "")});
  EXPECT_REFUSED(out(one, kRegister, {.action_key = 5, .flags = kSpecIPt, .behind = unknown}), 5,
                 0x26, 0);
}

TEST_F(ReservationOutTest, RegistrationsAreOfOnePortOfOursUnlessAllAreAskedFor) {
  const Nexus other_port = nexus(1, 2);
  EXPECT_GOOD(join(one, 5));
  EXPECT_GOOD(reserve(one, 5, kEa));
  EXPECT_FALSE(may(other_port, Need::writing));
  EXPECT_GOOD(out(one, kRegister, {.key = 5, .action_key = 5, .flags = kAllTgPt}));
  EXPECT_TRUE(may(other_port, Need::writing));
  EXPECT_EQ(wire::View(in(kReadFullStatus)).u8(8 + 12), 3);  // ALL_TG_PT, R_HOLDER
}

TEST_F(ReservationOutTest, AllPortsTakeInWhatWasRegisteredThroughOneWithTheSameKey) {
  const Nexus other_port = nexus(1, 2);
  EXPECT_GOOD(join(one, 5));
  EXPECT_GOOD(reserve(one, 5, kEa));
  EXPECT_CONFLICT(out(other_port, kRegister, {.action_key = 6, .flags = kAllTgPt}));
  EXPECT_GOOD(out(other_port, kRegisterAndIgnore, {.action_key = 6, .flags = kAllTgPt}));
  EXPECT_EQ(keys().keys, std::vector<uint64_t>{6});
  EXPECT_EQ(reservation(), std::pair(uint8_t{kEa}, uint64_t{6}));
}

TEST_F(ReservationOutTest, MoveHandsTheReservationToAnotherPort) {
  all_join();
  const Nexus to = nexus(9);
  EXPECT_REFUSED(out(one, move_command(key(one), 99, to.transport_id)), 5, 0x24, 0);
  EXPECT_GOOD(reserve(one, key(one), kEa));
  EXPECT_CONFLICT(out(two, move_command(key(two), 99, to.transport_id)));
  EXPECT_REFUSED(out(one, move_command(key(one), 0, to.transport_id)), 5, 0x26, 0);
  EXPECT_REFUSED(out(one, move_command(key(one), 99, one.transport_id)), 5, 0x26, 0);
  EXPECT_REFUSED(out(one, move_command(key(one), 99, transport_id(to.initiator, ""))), 5, 0x26, 0);
  EXPECT_REFUSED(out(one, move_command(key(one), 99, to.transport_id, 0)), 5, 0x26, 0);
  const uint32_t generation = keys().generation;
  EXPECT_GOOD(out(one, move_command(key(one), 99, to.transport_id)));
  EXPECT_EQ(reservation(), std::pair(uint8_t{kEa}, uint64_t{99}));
  EXPECT_EQ(keys().keys.size(), 4U);
  EXPECT_EQ(keys().generation, generation + 1);
  EXPECT_TRUE(may(to, Need::writing));
  EXPECT_FALSE(may(one, Need::writing));
  // Back, with UNREG.
  EXPECT_GOOD(out(to, move_command(99, 5, one.transport_id, 1, 2)));
  EXPECT_EQ(reservation(), std::pair(uint8_t{kEa}, uint64_t{5}));
  EXPECT_EQ(keys().keys, (std::vector<uint64_t>{5, key(two), key(three)}));
}

TEST_F(ReservationOutTest, AReservationOfAllRegistrantsIsNotMoved) {
  all_join();
  EXPECT_GOOD(reserve(one, key(one), kWeAr));
  EXPECT_CONFLICT(out(one, move_command(key(one), 99, nexus(9).transport_id)));
}

TEST_F(ReservationOutTest, ThereIsAnEndToRegistrations) {
  for (unsigned number = 0; number < target::PersistentState::kMostRegistrations; ++number)
    ASSERT_EQ(join(nexus(number), 1).status, Status::good);
  EXPECT_REFUSED(join(nexus(1000), 1), 5, 0x55, 0x04);
  EXPECT_GOOD(out(nexus(3), kRegister, {.key = 1, .action_key = 2}));
  EXPECT_GOOD(reserve(nexus(3), 2, kWe));
  EXPECT_REFUSED(out(nexus(3), move_command(2, 9, nexus(1000).transport_id)), 5, 0x55, 0x04);
}

TEST_F(ReservationOutTest, ListsOfWrongLengthAreRefused) {
  EXPECT_GOOD(join(one, 5));
  for (const uint32_t length : {0U, 23U, 25U, 0xffffffffU}) {
    SCOPED_TRACE(length);
    OutCommand command = out_command(kReserve, {.type = kWe, .key = 5, .behind = {0}});
    wire::Writer(command.cdb).be32(5, length);
    EXPECT_REFUSED(out(one, command), 5, 0x1a, 0);
  }
  OutCommand cut = out_command(kReserve, {.type = kWe, .key = 5});
  cut.list.pop_back();
  EXPECT_REFUSED(out(one, cut), 5, 0x1a, 0);
  EXPECT_REFUSED(out(two, kRegister, {.action_key = 5, .flags = kSpecIPt}), 5, 0x1a, 0);
  wire::Bytes longer = port_list({three.transport_id});
  wire::Writer(longer).be32(0, 0xfffffff0);
  EXPECT_REFUSED(out(two, kRegister, {.action_key = 5, .flags = kSpecIPt, .behind = longer}), 5,
                 0x1a, 0);
  OutCommand move = move_command(5, 6, three.transport_id);
  wire::Writer(move.list).be32(20, 0xffffffff);
  EXPECT_REFUSED(out(one, move), 5, 0x1a, 0);
}

TEST_F(ReservationOutTest, TransportIdsThatAreNoneAreRefused) {
  const wire::Bytes good = three.transport_id;
  std::vector<wire::Bytes> bad(7, good);
  bad[0][0] = 0x46;                                       // SAS
  bad[1][0] = 0x85;                                       // a reserved format
  wire::Writer(bad[2]).be16(2, 0xfffc);                   // longer than the list
  wire::Writer(bad[3]).be16(2, 0);                        // shorter than the least
  bad[4] = transport_id("iqn.2026-01.example:x", "xyz");  // no number
  bad[5] = transport_id("", "00023d000001");
  bad[6] = transport_id("iqn.2026-01\n.example:x", "1");
  for (const wire::Bytes& id : bad) {
    SCOPED_TRACE(&id - bad.data());
    EXPECT_REFUSED(
        out(one, kRegister, {.action_key = 5, .flags = kSpecIPt, .behind = port_list({good, id})}),
        5, 0x26, 0);
  }
  EXPECT_TRUE(keys().keys.empty());
}

}  // namespace
}  // namespace libcopyfile::test
