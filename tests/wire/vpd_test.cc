#include "wire/vpd.h"

#include <gtest/gtest.h>

#include "hex.h"

namespace libcopyfile::test {
namespace {

using namespace wire;

TEST(StandardInquiry, ByteForByte) {
  StandardInquiry inquiry;
  inquiry.third_party_copy = true;
  inquiry.protect = true;
  inquiry.vendor = "COPYFILE";
  inquiry.product = "DISK";
  inquiry.revision = "0.1";
  const Bytes expected = hex("00 00 06 02 1f 09 00 02 434f505946494c45 4449534b 20*12 302e3120");
  EXPECT_EQ(dump(encode(inquiry)), dump(expected));
  EXPECT_EQ(decode_standard_inquiry(expected), inquiry);
}

TEST(StandardInquiry, WhatIsNotPrintableIsASpace) {
  Bytes bytes = encode(StandardInquiry{});
  bytes[8] = 'A';
  bytes[9] = 0x1b;
  bytes[10] = 'B';
  bytes[11] = 0;
  EXPECT_EQ(decode_standard_inquiry(bytes)->vendor, "A B");
}

TEST(StandardInquiry, VersionsMakeItLonger) {
  StandardInquiry inquiry;
  inquiry.versions = {0x00a0, 0x0960};
  inquiry.hierarchical = true;
  inquiry.target_port_groups = 1;
  const Bytes bytes = encode(inquiry);
  ASSERT_EQ(bytes.size(), 96U);
  EXPECT_EQ(bytes[3], 0x12);
  EXPECT_EQ(bytes[4], 91);
  EXPECT_EQ(bytes[5], 0x10);
  EXPECT_EQ(View(bytes).be16(58), 0x00a0);
  EXPECT_EQ(View(bytes).be16(60), 0x0960);
  EXPECT_EQ(decode_standard_inquiry(bytes), inquiry);
}

TEST(StandardInquiry, NoMoreVersionsThanThereIsRoomFor) {
  StandardInquiry inquiry;
  inquiry.versions.assign(20, 0x0460);
  EXPECT_EQ(decode_standard_inquiry(encode(inquiry))->versions.size(), 8U);
  EXPECT_EQ(View(encode(inquiry)).be16(74), 0);
}

TEST(ExtendedInquiry, ByteForByte) {
  ExtendedInquiry inquiry;
  inquiry.simple = inquiry.head_of_queue = inquiry.volatile_cache = true;
  inquiry.max_sense = 252;
  const Bytes bytes = encode(0, inquiry);
  ASSERT_EQ(bytes.size(), 64U);
  EXPECT_EQ(View(bytes).be32(0), 0x0086003cU);
  EXPECT_EQ(bytes[5], 0x05);
  EXPECT_EQ(bytes[6], 0x01);
  EXPECT_EQ(bytes[13], 252);
}

TEST(Provisioning, ByteForByte) {
  EXPECT_EQ(encode(0, Provisioning{true, false, true, true, true}),
            (Bytes{0, 0xb2, 0, 4, 0, 0xa4, 2, 0}));
  EXPECT_EQ(encode(0, Provisioning{}), (Bytes{0, 0xb2, 0, 4, 0, 0, 0, 0}));
}

TEST(Characteristics, RotationRateIsTheFirstField) {
  const Bytes bytes = encode_characteristics(0, 1);
  EXPECT_EQ(bytes.size(), 64U);
  EXPECT_EQ(View(bytes).be16(4), 1);
}

TEST(SerialNumber, IsThePage) {
  EXPECT_EQ(encode_serial(0, "ab"), (Bytes{0, 0x80, 0, 2, 'a', 'b'}));
}

TEST(StandardInquiry, ShorterThanEveryDeviceGivesIsRefused) {
  EXPECT_FALSE(decode_standard_inquiry(hex("00*35")));
}

TEST(SupportedPages, AscendingByteForByte) {
  const Bytes expected = hex("00 00 0004 00 83 8f b0");
  EXPECT_EQ(dump(encode_supported_pages(0, hex("b0 8f 00 83"))), dump(expected));
  EXPECT_EQ(decode_supported_pages(expected), hex("00 83 8f b0"));
}

TEST(Pages, AnotherPageIsNotTheOneAskedFor) {
  // A device of SCSI-2 ignores the page code and gives its standard data.
  EXPECT_FALSE(decode_supported_pages(encode_page(0, 0x80, hex("41"))));
  EXPECT_FALSE(decode_identification(encode(StandardInquiry{})));
  EXPECT_FALSE(decode_block_limits(hex("00 b0 00")));
}

TEST(Identification, ByteForByte) {
  const std::vector<Designator> designators{
      {1, 0, DesignatorType::naa, hex("60014050112233445566778899aabbcc")},
      {2, 0, DesignatorType::t10_vendor, hex("4c494f2d4f524720")},
      {1, 1, DesignatorType::relative_target_port, hex("00000001")},
  };
  const Bytes expected =
      hex("00 83 0028 01 03 00 10 60014050112233445566778899aabbcc"
          " 02 01 00 08 4c494f2d4f524720 01 14 00 04 00000001");
  EXPECT_EQ(dump(encode_identification(0, designators)), dump(expected));
  EXPECT_EQ(decode_identification(expected), designators);
}

TEST(Identification, ProtocolIdentifierAndPivAreNotPartOfADesignator) {
  const auto designators = decode_identification(hex("00 83 0008 51 94 00 04 00000001"));
  ASSERT_TRUE(designators);
  EXPECT_EQ(designators->at(0),
            (Designator{1, 1, DesignatorType::relative_target_port, hex("00000001")}));
}

TEST(Identification, ADesignatorThatIsCutOffEndsTheList) {
  const auto designators =
      decode_identification(hex("00 83 0010 01 03 00 02 aabb 01 03 00 10 aabbcc"));
  ASSERT_TRUE(designators);
  EXPECT_EQ(designators->size(), 1U);
}

TEST(BlockLimits, ByteForByte) {
  BlockLimits limits;
  limits.max_compare_and_write = 1;
  limits.optimal_granularity = 8;
  limits.max_transfer = 0x01020304;
  limits.optimal_transfer = 0x05060708;
  limits.max_prefetch = 0x090a0b0c;
  limits.max_unmap_blocks = 0x0d0e0f10;
  limits.max_unmap_descriptors = 0x11121314;
  limits.unmap_granularity = 0x15161718;
  limits.unmap_alignment = 0x191a1b1c;
  limits.max_write_same = 0x1d1e1f2021222324;
  const Bytes expected =
      hex("00 b0 003c 00 01 0008 01020304 05060708 090a0b0c 0d0e0f10 11121314 15161718 991a1b1c"
          " 1d1e1f2021222324 00*20");
  EXPECT_EQ(dump(encode(0, limits)), dump(expected));
  EXPECT_EQ(decode_block_limits(expected), limits);
}

TEST(BlockLimits, OfAnOlderStandardHasTheFirstFieldsOnly) {
  const auto limits = decode_block_limits(hex("00 b0 000c 00 00 0008 00000400 00000080 ff*8"));
  ASSERT_TRUE(limits);
  EXPECT_EQ(limits->max_transfer, 0x400U);
  EXPECT_EQ(limits->max_prefetch, 0U);
}

TEST(Capacity, ByteForByte) {
  const Capacity capacity{0x0102030405060708, 4096, true, 2, 3, 0x1234, true, true};
  const Bytes expected = hex("0102030405060708 00001000 05 03 d234 00*16");
  EXPECT_EQ(dump(encode(capacity)), dump(expected));
  EXPECT_EQ(decode_capacity(expected), capacity);
}

TEST(Capacity, OfAnOlderStandardHasTheFirstFieldsOnly) {
  const auto capacity = decode_capacity(hex("00000000000007ff 00000200"));
  ASSERT_TRUE(capacity);
  EXPECT_EQ(capacity->last_lba, 2047U);
  EXPECT_FALSE(capacity->protection);
  EXPECT_FALSE(decode_capacity(hex("00000000000007ff 000002")));
}

}  // namespace
}  // namespace libcopyfile::test
