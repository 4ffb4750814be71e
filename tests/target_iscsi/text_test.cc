#include "wire/iscsi_text.h"

#include <gtest/gtest.h>

#include "wire/crc32c.h"

namespace libcopyfile::test {
namespace {

using namespace wire::iscsi;
using wire::Bytes;
using wire::View;

Bytes text_of(std::string_view text) { return {text.begin(), text.end()}; }

TEST(IscsiText, KeysAndValues) {
  using namespace std::string_view_literals;
  const auto found = parse_text(text_of("A=1\0X-b.c=d=e,f\0Empty=\0"sv));
  ASSERT_TRUE(found);
  const std::vector<KeyValue> expected = {{"A", "1"}, {"X-b.c", "d=e,f"}, {"Empty", ""}};
  EXPECT_EQ(*found, expected);
  Bytes again;
  for (const KeyValue& k : *found) append_key(again, k.key, k.value);
  EXPECT_EQ(again, text_of("A=1\0X-b.c=d=e,f\0Empty=\0"sv));
}

TEST(IscsiText, PaddingThatIsCountedIsPassedOver) {
  using namespace std::string_view_literals;
  EXPECT_EQ(parse_text(text_of("A=1\0\0\0"sv)).value().size(), 1U);
  EXPECT_TRUE(parse_text({}).value().empty());
}

TEST(IscsiText, WhatIsNoTextIsRefused) {
  using namespace std::string_view_literals;
  EXPECT_FALSE(parse_text(text_of("A=1"))) << "no end";
  EXPECT_FALSE(parse_text(text_of("A\0"sv))) << "no value";
  EXPECT_FALSE(parse_text(text_of("=1\0"sv))) << "no key";
  EXPECT_FALSE(parse_text(text_of("A b=1\0"sv))) << "a blank";
  EXPECT_FALSE(parse_text(text_of("A\xff=1\0"sv)));
  Bytes longest;
  append_key(longest, std::string(kMaxKeyLength, 'k'), "v");
  EXPECT_TRUE(parse_text(longest));
  Bytes too_long;
  append_key(too_long, std::string(kMaxKeyLength + 1, 'k'), "v");
  EXPECT_FALSE(parse_text(too_long));
}

TEST(IscsiText, Numbers) {
  EXPECT_EQ(parse_number("262144"), 262144U);
  EXPECT_EQ(parse_number("0x1F"), 31U);
  EXPECT_EQ(parse_number("18446744073709551615"), UINT64_MAX);
  for (const char* wrong :
       {"", "-1", "+1", " 1", "1 ", "0x", "1e3", "18446744073709551616", "0xg"}) {
    EXPECT_FALSE(parse_number(wrong)) << wrong;
  }
}

TEST(IscsiText, BytesInBothNotations) {
  EXPECT_EQ(parse_binary("0x00fF", 2), (Bytes{0, 0xff}));
  EXPECT_EQ(parse_binary("0Xabc", 2), (Bytes{0x0a, 0xbc})) << "an odd number of digits";
  EXPECT_EQ(parse_binary("0bAAEC", 3), (Bytes{0, 1, 2}));
  EXPECT_EQ(parse_binary("0bAAE=", 2), (Bytes{0, 1}));
  EXPECT_EQ(parse_binary("0BAA==", 1), (Bytes{0}));
  for (const char* wrong :
       {"", "00", "0x", "0xfg", "0b", "0bAAA", "0b====", "0bA===", "0b=AAA", "0bAA=A"}) {
    EXPECT_FALSE(parse_binary(wrong, 1024)) << wrong;
  }
  EXPECT_FALSE(parse_binary("0x000000", 2)) << "more than may be";
  EXPECT_FALSE(parse_binary("0bAAEC", 2));
  EXPECT_EQ(format_binary(Bytes{0, 0xab}), "0x00ab");
}

TEST(IscsiText, NamesOfNodes) {
  EXPECT_TRUE(is_node_name("iqn.2026-01.invalid.test:disk_1"));
  EXPECT_TRUE(is_node_name("eui.02004567A425678D"));
  EXPECT_FALSE(is_node_name("iqn."));
  EXPECT_FALSE(is_node_name("disk"));
  EXPECT_FALSE(is_node_name("iqn.a b"));
  EXPECT_FALSE(is_node_name("iqn.a\n"));
  EXPECT_FALSE(is_node_name("iqn." + std::string(kMaxNameLength - 3, 'a')));
  EXPECT_TRUE(is_node_name("iqn." + std::string(kMaxNameLength - 4, 'a')));
}

TEST(IscsiText, PartsOfALongText) {
  TextParts parts(text_of("abcde"));
  auto part = parts.next(2);
  EXPECT_EQ(part.text, text_of("ab"));
  EXPECT_TRUE(part.more);
  EXPECT_TRUE(parts.next(2).more);
  part = parts.next(2);
  EXPECT_EQ(part.text, text_of("e"));
  EXPECT_FALSE(part.more);
  EXPECT_TRUE(parts.empty());
  TextParts whole(text_of("abcd"));
  EXPECT_FALSE(whole.next(4).more) << "exactly as long as it may be";
}

// RFC 7143, appendix A.5 (and RFC 3720 B.4).
TEST(Crc32c, VectorsOfTheStandard) {
  Bytes data(32, 0);
  EXPECT_EQ(wire::crc32c(data), 0x8a9136aaU);
  EXPECT_EQ(wire::crc32c(Bytes(32, 0xff)), 0x62a8ab43U);
  for (size_t i = 0; i < data.size(); ++i) data[i] = static_cast<uint8_t>(i);
  EXPECT_EQ(wire::crc32c(data), 0x46dd794eU);
  EXPECT_EQ(wire::crc32c_by_tables(data), 0x46dd794eU);
}

TEST(Crc32c, TheInstructionAndTheTablesAgreeInPiecesToo) {
  Bytes data(1000);
  for (size_t i = 0; i < data.size(); ++i) data[i] = static_cast<uint8_t>(i * 131 + i / 7);
  const View view(data);
  const uint32_t whole = wire::crc32c(view);
  EXPECT_EQ(wire::crc32c_by_tables(view), whole);
  for (size_t cut = 0; cut < 40; ++cut) {
    EXPECT_EQ(wire::crc32c(view.from(cut), wire::crc32c(view.part(0, cut))), whole) << cut;
    EXPECT_EQ(wire::crc32c_by_tables(view.from(cut), wire::crc32c_by_tables(view.part(0, cut))),
              whole);
  }
}

}  // namespace
}  // namespace libcopyfile::test
