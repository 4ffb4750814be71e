// PERSISTENT RESERVE IN: the bytes, as SPC-4 6.15 lays them out.
#include "reservation_bench.h"

namespace libcopyfile::test {
namespace {

class ReservationInTest : public ReservationBench {
 protected:
  Nexus one = nexus(1), two = nexus(2);
};

TEST_F(ReservationInTest, ReadKeysAndReservationWithNobody) {
  EXPECT_EQ(in(kReadKeys), wire::Bytes(8));
  EXPECT_EQ(in(kReadReservation), wire::Bytes(8));
  EXPECT_EQ(in(kReadFullStatus), wire::Bytes(8));
}

TEST_F(ReservationInTest, ReadKeys) {
  EXPECT_GOOD(join(one, 0x0102030405060708));
  EXPECT_GOOD(join(two, 0x11));
  const wire::Bytes expected{0, 0, 0, 2, 0, 0, 0, 16, 1, 2, 3, 4,
                             5, 6, 7, 8, 0, 0, 0, 0,  0, 0, 0, 0x11};
  EXPECT_EQ(in(kReadKeys), expected);
}

TEST_F(ReservationInTest, ReadReservation) {
  EXPECT_GOOD(join(one, 0x11));
  EXPECT_GOOD(reserve(one, 0x11, kEaRo));
  wire::Bytes expected(24);
  expected[3] = 1;      // PRGENERATION
  expected[7] = 16;     // ADDITIONAL LENGTH
  expected[15] = 0x11;  // RESERVATION KEY
  expected[21] = 0x06;  // SCOPE, TYPE
  EXPECT_EQ(in(kReadReservation), expected);
}

TEST_F(ReservationInTest, ReportCapabilities) {
  // CRH, SIP_C, ATP_C; TMV, ALLOW COMMANDS 011b; all six types.
  EXPECT_EQ(in(kReportCapabilities), (wire::Bytes{0, 8, 0x1c, 0xb0, 0xea, 0x01, 0, 0}));
}

TEST_F(ReservationInTest, ReadFullStatus) {
  EXPECT_GOOD(join(one, 0x11));
  EXPECT_GOOD(join(nexus(2, 7), 0x22));
  EXPECT_GOOD(reserve(one, 0x11, kWe));
  const wire::Bytes data = in(kReadFullStatus);
  const wire::View view(data);
  ASSERT_EQ(view.be32(4) + 8, view.size());
  const wire::View first = view.from(8);
  EXPECT_EQ(first.be64(0), 0x11U);
  EXPECT_EQ(first.u8(12), 1);  // R_HOLDER
  EXPECT_EQ(first.u8(13), kWe);
  EXPECT_EQ(first.be16(18), 1);
  ASSERT_EQ(first.be32(20), one.transport_id.size());
  EXPECT_EQ(first.part(24, one.transport_id.size()).copy(), one.transport_id);
  const wire::View second = first.from(24 + one.transport_id.size());
  EXPECT_EQ(second.be64(0), 0x22U);
  EXPECT_EQ(second.u8(12), 0);
  EXPECT_EQ(second.u8(13), 0);
  EXPECT_EQ(second.be16(18), 7);
  EXPECT_EQ(second.from(24).copy(), two.transport_id);
}

TEST_F(ReservationInTest, AllRegistrantsAreHolders) {
  EXPECT_GOOD(join(one, 0x11));
  EXPECT_GOOD(join(two, 0x22));
  EXPECT_GOOD(reserve(one, 0x11, kEaAr));
  const wire::Bytes data = in(kReadFullStatus);
  const size_t second = 8 + 24 + one.transport_id.size();
  for (const size_t at : {size_t{8}, second}) {
    EXPECT_EQ(data.at(at + 12), 1);
    EXPECT_EQ(data.at(at + 13), kEaAr);
  }
}

TEST_F(ReservationInTest, AnUnknownServiceActionIsAnError) {
  for (unsigned action = 4; action < 32; ++action)
    EXPECT_FALSE(reservations_->persistent_in(static_cast<uint8_t>(action)));
}

}  // namespace
}  // namespace libcopyfile::test
