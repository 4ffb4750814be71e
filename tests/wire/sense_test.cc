#include "wire/sense.h"

#include <gtest/gtest.h>

#include "hex.h"
#include "wire/sense_codes.h"

namespace libcopyfile::test {
namespace {

using namespace wire;

TEST(Sense, FixedFormatByteForByte) {
  Sense sense = refusal(codes::kNoSpace);
  EXPECT_EQ(dump(encode_fixed_sense(sense)),
            dump(hex("70 00 07 00000000 0a 00000000 27 07 00 000000")));
  sense = refusal_of_cdb(codes::kInvalidFieldInCdb, 1);
  EXPECT_EQ(dump(encode_fixed_sense(sense)),
            dump(hex("70 00 05 00000000 0a 00000000 24 00 00 c00001")));
  sense = refusal_at(codes::kInvalidFieldInList, 0x123);
  sense.pointer->bit = 5;
  EXPECT_EQ(dump(encode_fixed_sense(sense)),
            dump(hex("70 00 05 00000000 0a 00000000 26 00 00 8d0123")));
}

TEST(Sense, FixedFormatOfAStoppedCopyHasCountSegmentAndWhatTheDevicesSaid) {
  Sense sense = refusal(codes::kThirdPartyFailure);
  sense.information = 0x11223344;
  sense.command_specific = 7;
  sense.forwarded = {
      {ForwardedSense::From::source, 2, hex("70 00 03 00000000 0a 00000000 11 00 00 000000")}};
  const Bytes expected =
      hex("f0 00 0a 11223344 1d 12 00 0007 0d 01 00 000000"
          "02 70 00 03 00000000 0a 00000000 11 00 00 000000");
  EXPECT_EQ(dump(encode_fixed_sense(sense)), dump(expected));
  const auto decoded = decode_sense(expected);
  ASSERT_TRUE(decoded);
  EXPECT_EQ(*decoded, sense);
  EXPECT_EQ(decoded->failed_segment(), 7);
  const auto inner = decode_sense(decoded->forwarded.at(0).sense);
  ASSERT_TRUE(inner);
  EXPECT_EQ(inner->code, (SenseCode{SenseKey::medium_error, 0x11, 0x00}));
}

TEST(Sense, DescriptorFormatByteForByte) {
  Sense sense = refusal(codes::kUnderrun);
  sense.information = 0x1122334455667788;
  sense.command_specific = 3;
  sense.pointer = FieldPointer{true, 0x0c, 2};
  sense.forwarded = {{ForwardedSense::From::destination, 2, hex("72 07 27 07 00000000")}};
  const Bytes expected =
      hex("72 0a 0d 04 000000 2c"
          "00 0a 80 00 1122334455667788"
          "01 0a 00 00 0000000000000003"
          "02 06 0000 aa000c 00"
          "0c 0a 02 02 7207270700000000");
  const Bytes bytes = encode_descriptor_sense(sense);
  EXPECT_EQ(dump(bytes), dump(expected));
  EXPECT_EQ(decode_sense(expected), sense);
}

TEST(Sense, InformationThatDoesNotFitIntoTheFixedFormatIsLeftOut) {
  Sense sense = refusal(codes::kUnderrun);
  sense.information = uint64_t{UINT32_MAX} + 1;
  const Bytes bytes = encode_fixed_sense(sense);
  EXPECT_EQ(bytes[0], 0x70);
  EXPECT_FALSE(decode_sense(bytes)->information);
  EXPECT_EQ(decode_sense(encode_descriptor_sense(sense))->information, uint64_t{UINT32_MAX} + 1);
}

TEST(Sense, DeferredErrorsAreTold) {
  EXPECT_TRUE(decode_sense(hex("71 00 03 00000000 0a 00000000 0c 00 00 000000"))->deferred);
  EXPECT_TRUE(decode_sense(hex("73 03 0c 00 00000000"))->deferred);
}

TEST(Sense, AFieldPointerIsOneOnlyUnderAKeyThatHasOne) {
  // NOT READY has a progress indication there.
  EXPECT_FALSE(decode_sense(hex("70 00 02 00000000 0a 00000000 04 04 00 80 1234"))->pointer);
  EXPECT_FALSE(decode_sense(hex("70 00 05 00000000 0a 00000000 24 00 00 40 1234"))->pointer);
}

TEST(Sense, ShortSenseDataIsTakenAsFarAsItGoes) {
  const auto sense = decode_sense(hex("f0 00 06"));
  ASSERT_TRUE(sense);
  EXPECT_EQ(sense->code, (SenseCode{SenseKey::unit_attention, 0, 0}));
  EXPECT_FALSE(sense->information);
  EXPECT_EQ(decode_sense(hex("72 06"))->code.key, SenseKey::unit_attention);
  // A length that leaves out the code.
  EXPECT_EQ(decode_sense(hex("70 00 05 00000000 02 00000000 24 00 00 000000"))->code.asc, 0);
}

TEST(Sense, WhatIsNoSenseDataIsRefused) {
  EXPECT_FALSE(decode_sense({}));
  EXPECT_FALSE(decode_sense(hex("70")));
  EXPECT_FALSE(decode_sense(hex("70 00")));
  EXPECT_FALSE(decode_sense(hex("00*18")));
  EXPECT_FALSE(decode_sense(hex("7f 00*17")));
}

TEST(Sense, ADescriptorThatIsCutOffEndsTheList) {
  const auto sense =
      decode_sense(hex("72 0a 0d 04 000000 12 01 0a 0000 0000000000000009 00 0a 80 00"));
  ASSERT_TRUE(sense);
  EXPECT_EQ(sense->failed_segment(), 9);
  EXPECT_FALSE(sense->information);
}

TEST(Sense, ForwardedSenseDataNeverMakesItTooLong) {
  Sense sense = refusal(codes::kThirdPartyFailure);
  sense.forwarded = {{ForwardedSense::From::source, 2, Bytes(230)},
                     {ForwardedSense::From::destination, 2, Bytes(200)}};
  EXPECT_LE(encode_fixed_sense(sense).size(), kMaxSense);
  EXPECT_LE(encode_descriptor_sense(sense).size(), kMaxSense);
  EXPECT_EQ(decode_sense(encode_descriptor_sense(sense))->forwarded.size(), 1U);
}

}  // namespace
}  // namespace libcopyfile::test
