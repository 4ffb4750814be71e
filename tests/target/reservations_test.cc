// RESERVE and RELEASE of SPC-2, and what each kind of reservation lets whom do.
#include "reservation_bench.h"

namespace libcopyfile::test {
namespace {

using target::Need;

class ReservationsTest : public ReservationBench {
 protected:
  void SetUp() override {
    ReservationBench::SetUp();
    for (const Nexus& who : {one, two, three}) open(who);
  }
  Nexus one = nexus(1), two = nexus(2), three = nexus(3);
};

TEST_F(ReservationsTest, WithoutAnyEverybodyMayDoEverything) {
  for (const Need need : {Need::nothing, Need::reading, Need::writing, Need::managing})
    EXPECT_TRUE(may(one, need));
}

TEST_F(ReservationsTest, ReserveKeepsAllOthersOut) {
  EXPECT_GOOD(reservations_->reserve(one));
  EXPECT_GOOD(reservations_->reserve(one));
  EXPECT_CONFLICT(reservations_->reserve(two));
  for (const Need need : {Need::reading, Need::writing, Need::managing}) {
    EXPECT_TRUE(may(one, need));
    EXPECT_FALSE(may(two, need));
  }
  EXPECT_TRUE(may(two, Need::nothing));
}

TEST_F(ReservationsTest, ReleaseByAnotherIsGoodAndChangesNothing) {
  EXPECT_GOOD(reservations_->reserve(one));
  EXPECT_GOOD(reservations_->release(two));
  EXPECT_FALSE(may(two, Need::writing));
  EXPECT_GOOD(reservations_->release(one));
  EXPECT_TRUE(may(two, Need::writing));
  EXPECT_GOOD(reservations_->reserve(two));
}

TEST_F(ReservationsTest, ReserveEndsWithItsNexusAndWithAReset) {
  open(one);
  EXPECT_GOOD(reservations_->reserve(one));
  close(three);
  EXPECT_FALSE(may(two, Need::reading));
  close(one);
  EXPECT_TRUE(may(two, Need::reading));
  EXPECT_GOOD(reservations_->reserve(two));
  reservations_->reset();
  EXPECT_TRUE(may(one, Need::writing));
}

TEST_F(ReservationsTest, ASessionThatHasEndedReservesNothing) {
  close(one);
  EXPECT_CONFLICT(reservations_->reserve(one));
  EXPECT_GOOD(reservations_->reserve(two));
}

TEST_F(ReservationsTest, WhileReservedNoPersistentCommandWorksForAnybody) {
  EXPECT_GOOD(reservations_->reserve(one));
  EXPECT_CONFLICT(join(one, 0x11));
  EXPECT_CONFLICT(join(two, 0x22));
  EXPECT_EQ(reservations_->persistent_in(kReadKeys).error().code, EBUSY);
  EXPECT_GOOD(reservations_->release(one));
  EXPECT_TRUE(keys().keys.empty());
}

TEST_F(ReservationsTest, ARegistrationStandsAgainstReserve) {
  EXPECT_GOOD(join(one, 0x11));
  EXPECT_CONFLICT(reservations_->reserve(one));
  EXPECT_CONFLICT(reservations_->reserve(two));
  EXPECT_CONFLICT(reservations_->release(one));
}

// SPC-4 5.13.3: RESERVE and RELEASE are good, and do nothing, from the holder and from those whom registrants types admit.
TEST_F(ReservationsTest, CompatibleHandlingLetsThoseReserveWhoHaveAccess) {
  for (const uint8_t type : kAllTypes) {
    SCOPED_TRACE(int{type});
    start({});
    EXPECT_GOOD(join(one, 0x11));
    EXPECT_GOOD(join(two, 0x22));
    EXPECT_GOOD(reserve(one, 0x11, type));
    const auto before = reservation();
    const Status registrants = type >= kWeRo ? Status::good : Status::reservation_conflict;
    EXPECT_GOOD(reservations_->reserve(one));
    EXPECT_GOOD(reservations_->release(one));
    EXPECT_EQ(reservations_->reserve(two).status, registrants);
    EXPECT_EQ(reservations_->release(two).status, registrants);
    EXPECT_CONFLICT(reservations_->reserve(three));
    EXPECT_CONFLICT(reservations_->release(three));
    EXPECT_EQ(reservation(), before);
    EXPECT_EQ(may(two, Need::writing), type >= kWeRo);
  }
}

struct Row {
  uint8_t type;
  // Reading, writing: of the holder, of one that is registered, of one that is not.
  std::array<bool, 2> holder, registrant, other;
};
constexpr std::array kRows{
    Row{kWe, {true, true}, {true, false}, {true, false}},
    Row{kEa, {true, true}, {false, false}, {false, false}},
    Row{kWeRo, {true, true}, {true, true}, {true, false}},
    Row{kEaRo, {true, true}, {true, true}, {false, false}},
    Row{kWeAr, {true, true}, {true, true}, {true, false}},
    Row{kEaAr, {true, true}, {true, true}, {false, false}},
};

TEST_F(ReservationsTest, EachTypeAdmitsWhomTheStandardSays) {
  for (const Row& row : kRows) {
    SCOPED_TRACE(int{row.type});
    start({});
    EXPECT_GOOD(join(one, 0x11));
    EXPECT_GOOD(join(two, 0x22));
    EXPECT_GOOD(reserve(one, 0x11, row.type));
    const std::array cases{std::pair(one, row.holder), std::pair(two, row.registrant),
                           std::pair(three, row.other)};
    for (const auto& [who, expected] : cases) {
      SCOPED_TRACE(who.initiator);
      EXPECT_EQ(may(who, Need::reading), expected[0]);
      EXPECT_EQ(may(who, Need::writing), expected[1]);
      EXPECT_TRUE(may(who, Need::nothing));
      EXPECT_TRUE(may(who, Need::managing));
    }
  }
}

TEST_F(ReservationsTest, APortIsKnownHoweverItsNameIsWritten) {
  EXPECT_GOOD(join(one, 0x11));
  EXPECT_GOOD(reserve(one, 0x11, kEa));
  Nexus again = one;
  again.id = 99;
  again.transport_id = transport_id("IQN.2026-01.Example:HOST1", "23D000001");
  EXPECT_TRUE(may(again, Need::writing));
  again.transport_id = transport_id("iqn.2026-01.example:host1", "00023d000009");
  EXPECT_FALSE(may(again, Need::writing));
}

TEST_F(ReservationsTest, APersistentReservationOutlivesItsNexusAndAReset) {
  open(one);
  EXPECT_GOOD(join(one, 0x11));
  EXPECT_GOOD(reserve(one, 0x11, kWe));
  close(one);
  reservations_->reset();
  EXPECT_FALSE(may(two, Need::writing));
  open(one);
  EXPECT_TRUE(may(one, Need::writing));
}

TEST_F(ReservationsTest, HoldersAreToldWithTheirNames) {
  EXPECT_GOOD(join(one, 0x11));
  EXPECT_GOOD(join(two, 0x22));
  EXPECT_GOOD(reserve(two, 0x22, kWeRo));
  const auto all = reservations_->holders();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].initiator, "iqn.2026-01.example:host1,i,0x00023d000001");
  EXPECT_FALSE(all[0].holds);
  EXPECT_EQ(all[1].key, 0x22U);
  EXPECT_TRUE(all[1].holds);
  EXPECT_EQ(all[1].type, kWeRo);
}

}  // namespace
}  // namespace libcopyfile::test
