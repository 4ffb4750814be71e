#include "wire/third_party_copy.h"

#include <gtest/gtest.h>

#include "hex.h"
#include "wire/vpd.h"

namespace libcopyfile::test {
namespace {

using namespace wire;

ThirdPartyCopy everything() {
  ThirdPartyCopy page;
  page.tokens = TokenLimits{64, 600, 60, 0x20000, 0x8000};
  page.commands = {{0x83, hex("00 10 11 1c")}, {0x84, hex("00 03 07")}};
  page.parameters = CopyParameters{16, 256, 16384, 0};
  page.descriptor_types = hex("02 0a e4");
  page.cscd_ids = {0xffff};
  page.rod_features = RodFeatures{0, 60, 600, 300, RodFeatures::Block{8, 1, 2, 3, 4}};
  page.rod_types = {{RodType::point_in_time, false, true, true, 0x8000},
                    {RodType::block_zero, false, true, false, 0}};
  page.operations = GeneralOperations{64, 16, 0x40000000, 12, 0};
  return page;
}

const char* const kEverything =
    "00 8f 0160"
    " 0000 0020 00*6 0040 00000258 0000003c 0000000000020000 0000000000008000"
    " 0001 000c 0b 83 04 00 10 11 1c 84 03 00 03 07"
    " 0004 001c 00*4 0010 0100 00004000 00000000 00*12"
    " 0008 0004 03 02 0a e4"
    " 000c 0004 0002 ffff"
    " 0106 005c 00 00*11 0000003c 00000258 0000012c 00*18 0030"
    "   00 00 002c 0000 0008 0000000000000001 0000000000000002 0000000000000003"
    "   0000000000000004 00*8"
    " 0108 0084 0000 0080 00800000 03 00 8000 00*56 ffff0001 02 00 0000 00*56"
    " 8001 0020 00000040 00000010 40000000 0c 00 00*18";

TEST(ThirdPartyCopy, ByteForByte) {
  Bytes expected = hex(kEverything);
  Writer(expected).be16(2, static_cast<uint16_t>(expected.size() - 4));
  EXPECT_EQ(dump(encode(0, everything())), dump(expected));
  EXPECT_EQ(decode_third_party_copy(expected), everything());
}

TEST(ThirdPartyCopy, TokenLimitsComeFirstAndHaveLength20h) {
  const Bytes bytes = encode(0, everything());
  EXPECT_EQ(View(bytes).be32(4), 0x00000020U) << "classpnp.sys takes no other";
  EXPECT_GE(View(bytes).be16(2), 36);
}

TEST(ThirdPartyCopy, KnowsWhichCommandsAreThere) {
  const ThirdPartyCopy page = everything();
  EXPECT_TRUE(page.supports(0x83, 0x10));
  EXPECT_TRUE(page.supports(0x84, 0x07));
  EXPECT_FALSE(page.supports(0x84, 0x10));
  EXPECT_FALSE(page.supports(0x89, 0x00));
}

TEST(ThirdPartyCopy, EmptyPageRoundTrips) {
  EXPECT_EQ(dump(encode(0, ThirdPartyCopy{})), dump(hex("00 8f 0000")));
  EXPECT_EQ(decode_third_party_copy(hex("00 8f 0000")), ThirdPartyCopy{});
}

TEST(ThirdPartyCopy, UnknownDescriptorsArePassedOver) {
  const auto page = decode_third_party_copy(
      hex("00 8f 0030 7777 0004 ffffffff 8001 0020 00000001 00*28 c001 0000"));
  ASSERT_TRUE(page);
  ASSERT_TRUE(page->operations);
  EXPECT_EQ(page->operations->total_concurrent_copies, 1U);
}

TEST(ThirdPartyCopy, WhatIsCutOffIsNotThere) {
  // Windows asks with 255 bytes.
  const Bytes whole = encode(0, everything());
  const auto page = decode_third_party_copy(View(whole).part(0, 120));
  ASSERT_TRUE(page);
  EXPECT_TRUE(page->tokens);
  EXPECT_TRUE(page->parameters);
  EXPECT_FALSE(page->operations);
}

TEST(ThirdPartyCopy, ListsLongerThanTheirDescriptorEndWithIt) {
  const auto page = decode_third_party_copy(
      hex("00 8f 0018 0001 0004 ff 83 ff 00 0008 0004 ff 02 0a e4 000c 0004 ffff 0123"));
  ASSERT_TRUE(page);
  EXPECT_TRUE(page->commands.empty());
  EXPECT_EQ(page->descriptor_types, hex("02 0a e4"));
  EXPECT_EQ(page->cscd_ids, std::vector<uint16_t>{0x0123});
}

}  // namespace
}  // namespace libcopyfile::test
