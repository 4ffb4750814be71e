#include "wire/extended_copy.h"

#include <gtest/gtest.h>

#include "hex.h"
#include "wire/sense_codes.h"

namespace libcopyfile::test {
namespace {

using namespace wire;

constexpr const char* kSourceBytes =
    "e4 00 0000 01 03 00 10 60014050112233445566778899aabbcc 00000000 00 000200 ";
constexpr const char* kDestinationBytes =
    "e4 00 0000 01 03 00 10 600140500f0e0d0c0b0a090807060504 00000000 00 000200 ";
constexpr const char* kBlocksBytes =
    "02 00 0018 0000 0001 0000 ffff 0000000100000000 0000000200000008 ";

Cscd cscd(const char* naa) {
  Cscd one;
  one.designator = {1, 0, DesignatorType::naa, hex(naa)};
  return one;
}

CopyList two_devices(Lid lid) {
  CopyList list;
  list.lid = lid;
  list.cscds = {cscd("60014050112233445566778899aabbcc"), cscd("600140500f0e0d0c0b0a090807060504")};
  list.segments = {BlockSegment{0, 1, 0xffff, 0x100000000, 0x200000008}};
  return list;
}

Bytes lid1_bytes(std::string header) {
  return hex(header + kSourceBytes + kDestinationBytes + kBlocksBytes);
}
constexpr const char* kLid1 = "00 18 0040 00000000 0000001c 00000000 ";

SenseCode refused(View data, CopyListLimits limits = {}, Lid lid = Lid::lid1) {
  const auto list = decode_copy_list(lid, data, limits);
  return list ? SenseCode{} : list.error().code;
}

TEST(ExtendedCopy, Lid1ByteForByte) {
  const CopyList list = two_devices(Lid::lid1);
  EXPECT_EQ(dump(encode_copy_list(list)), dump(lid1_bytes(kLid1)));
  EXPECT_EQ(decode_copy_list(Lid::lid1, lid1_bytes(kLid1), {}), list);
}

TEST(ExtendedCopy, Lid1WithAnIdentifierByteForByte) {
  CopyList list = two_devices(Lid::lid1);
  list.list_id = 0x42;
  list.usage = ListIdUsage::discard;
  list.priority = 3;
  list.sequential_striped = true;
  const Bytes expected = lid1_bytes("42 33 0040 00000000 0000001c 00000000 ");
  EXPECT_EQ(dump(encode_copy_list(list)), dump(expected));
  EXPECT_EQ(decode_copy_list(Lid::lid1, expected, {}), list);
}

TEST(ExtendedCopy, Lid4ByteForByte) {
  CopyList list = two_devices(Lid::lid4);
  list.list_id = 0x01020304;
  list.usage = ListIdUsage::hold;
  list.immediate = true;
  list.sense_in_status = true;
  const Bytes expected = lid1_bytes("01 00 0020 00*11 03 ff 000000 01020304 00*18 0040 001c 0000 ");
  EXPECT_EQ(dump(encode_copy_list(list)), dump(expected));
  EXPECT_EQ(decode_copy_list(Lid::lid4, expected, {}), list);
}

TEST(ExtendedCopy, EverySegmentDescriptorByteForByte) {
  CopyList list;
  list.cscds = {cscd("60014050112233445566778899aabbcc")};
  list.segments = {
      BlockSegment{0, 0, 0x1234, 1, 2, true, true},
      ByteSegment{0, 0, 0x01020304, 5, 6, 7, 8, true},
      VerifySegment{0, true},
      RegisterKeySegment{0, 0x1122334455667788, 0x99aabbccddeeff00},
  };
  const Bytes expected =
      hex(std::string("00 18 0020 00000000 00000064 00000000 ") + kSourceBytes +
          "02 03 0018 0000 0000 0000 1234 0000000000000001 0000000000000002 "
          "0a 01 001c 0000 0000 01020304 0000000000000005 0000000000000006 0007 0008 "
          "07 00 0008 0000 0000 01 000000 "
          "14 00 0018 0000 0000 1122334455667788 99aabbccddeeff00 00000000 ");
  EXPECT_EQ(dump(encode_copy_list(list)), dump(expected));
  EXPECT_EQ(decode_copy_list(Lid::lid1, expected, {}), list);
}

TEST(ExtendedCopy, EveryFieldOfACscdByteForByte) {
  CopyList list;
  Cscd one;
  one.designator = {2, 1, DesignatorType::t10_vendor, hex("41*20")};
  one.device_type = 1;
  one.lu_id_type = 1;
  one.null_device = true;
  one.initiator_port = 0x0304;
  one.pad = true;
  one.block_length = 0x010203;
  list.cscds = {one};
  const Bytes expected =
      hex("00 18 0020 00000000 00000000 00000000 e4 61 0304 02 11 00 14 41*20 04 010203");
  EXPECT_EQ(dump(encode_copy_list(list)), dump(expected));
  EXPECT_EQ(decode_copy_list(Lid::lid1, expected, {}), list);
}

TEST(ExtendedCopy, AnEmptyListCopiesNothing) {
  const auto list = decode_copy_list(Lid::lid1, {}, {});
  ASSERT_TRUE(list);
  EXPECT_TRUE(list->segments.empty());
}

TEST(ExtendedCopy, EveryCutOffListIsRefused) {
  for (const Lid lid : {Lid::lid1, Lid::lid4}) {
    const Bytes whole = encode_copy_list(two_devices(lid));
    for (size_t length = 1; length < whole.size(); ++length) {
      EXPECT_EQ(refused(View(whole).part(0, length), {}, lid), codes::kParameterListLength)
          << length;
    }
  }
}

TEST(ExtendedCopy, LengthsThatOverflowAreRefused) {
  EXPECT_EQ(refused(lid1_bytes("00 18 ffff 00000000 ffffffff 00000000 ")),
            codes::kParameterListLength);
  EXPECT_EQ(refused(lid1_bytes("00 18 0040 00000000 ffffffc0 00000000 ")),
            codes::kParameterListLength);
}

TEST(ExtendedCopy, LimitsAreCheckedInTheOrderThatInitiatorsTest) {
  const Bytes whole = lid1_bytes(kLid1);
  EXPECT_EQ(refused(whole, {2, 1, 92}), SenseCode{});
  EXPECT_EQ(refused(whole, {1, 0, 91}), codes::kParameterListLength);
  EXPECT_EQ(refused(whole, {1, 0, 92}), codes::kTooManyTargets);
  EXPECT_EQ(refused(whole, {2, 0, 92}), codes::kTooManySegments);
}

TEST(ExtendedCopy, UnknownDescriptorTypesComeBeforeAnythingInThem) {
  Bytes bytes = lid1_bytes(kLid1);
  bytes[16 + 32] = 0xe0;
  bytes[16 + 7] = 200;  // an impossible designator length in the first one
  EXPECT_EQ(decode_copy_list(Lid::lid1, bytes, {}).error(),
            refusal_at(codes::kUnsupportedTargetType, 48));
  bytes = lid1_bytes(kLid1);
  bytes[80] = 0x03;
  EXPECT_EQ(decode_copy_list(Lid::lid1, bytes, {}).error(),
            refusal_at(codes::kUnsupportedSegmentType, 80));
}

TEST(ExtendedCopy, WrongFieldsArePointedTo) {
  struct {
    size_t byte;
    uint8_t value;
    SenseCode code;
    size_t points_to;
  } const wrong[] = {
      {1, 0x08, codes::kInvalidFieldInList, 1},    // LIST ID USAGE 01b
      {0, 0x01, codes::kInvalidFieldInList, 0},    // an identifier where there is none
      {15, 0x01, codes::kInlineLength, 12},        // inline data
      {23, 21, codes::kInvalidFieldInList, 23},    // DESIGNATOR LENGTH
      {83, 0x17, codes::kInvalidFieldInList, 82},  // DESCRIPTOR LENGTH of the segment
  };
  for (const auto& one : wrong) {
    Bytes bytes = lid1_bytes(kLid1);
    bytes[one.byte] = one.value;
    const auto list = decode_copy_list(Lid::lid1, bytes, {});
    ASSERT_FALSE(list) << one.byte;
    EXPECT_EQ(list.error(), refusal_at(one.code, one.points_to)) << one.byte;
  }
}

TEST(ExtendedCopy, WrongFieldsOfALid4HeaderArePointedTo) {
  for (const auto& [byte, points_to] :
       {std::pair<size_t, size_t>{0, 0}, {1, 1}, {3, 2}, {16, 16}, {23, 20}}) {
    Bytes bytes = encode_copy_list(two_devices(Lid::lid4));
    bytes[byte] = byte == 1 ? 0x08 : 0x55;
    if (byte == 23) bytes[1] = 0x18;
    const auto list = decode_copy_list(Lid::lid4, bytes, {});
    ASSERT_FALSE(list) << byte;
    EXPECT_EQ(list.error(), refusal_at(codes::kInvalidFieldInList, points_to)) << byte;
  }
}

}  // namespace
}  // namespace libcopyfile::test
