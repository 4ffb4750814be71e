#include "wire/rod_token.h"

#include <gtest/gtest.h>

#include "hex.h"
#include "wire/sense_codes.h"

namespace libcopyfile::test {
namespace {

using namespace wire;

constexpr const char* kPopulate =
    "002e 03 00 0000003c 00800000 0000 0020"
    " 0000000100000002 00000003 00000000 1122334455667788 99aabbcc 00000000";

PopulateToken populate() {
  return {true, 60, RodType::point_in_time, {{0x100000002, 3}, {0x1122334455667788, 0x99aabbcc}}};
}

Bytes write_bytes() {
  return hex(
      "0226 02 00*5 0000000000000010 ffff0001 0000 01f8 00*504 00*6 0010"
      " 0000000000000040 00000008 00000000");
}

WriteUsingToken write() {
  WriteUsingToken list;
  list.delete_token = true;
  list.offset = 16;
  list.token = zero_token();
  list.ranges = {{64, 8}};
  return list;
}

TEST(PopulateToken, ByteForByte) {
  EXPECT_EQ(dump(encode(populate())), dump(hex(kPopulate)));
  EXPECT_EQ(decode_populate_token(hex(kPopulate), 2), populate());
}

TEST(PopulateToken, TheFirstRangeIsAtByteSixteen) {
  // ddpt 0.94 to 0.97 writes it one byte early.
  const Bytes bytes = encode(populate());
  EXPECT_EQ(View(bytes).be64(16), 0x100000002U);
  EXPECT_EQ(View(bytes).be16(14), 32);
}

TEST(WriteUsingToken, ByteForByte) {
  EXPECT_EQ(dump(encode(write())), dump(write_bytes()));
  EXPECT_EQ(decode_write_using_token(write_bytes(), 1), write());
}

TEST(WriteUsingToken, TheFirstRangeIsAtByte536) {
  const Bytes bytes = encode(write());
  EXPECT_EQ(View(bytes).be64(536), 64U);
  EXPECT_EQ(View(bytes).be16(534), 16);
}

SenseCode refused(const Bytes& bytes, uint16_t most = 64) {
  const auto list = decode_populate_token(bytes, most);
  return list ? SenseCode{} : list.error().code;
}

TEST(PopulateToken, EveryCutOffListIsRefused) {
  const Bytes whole = hex(kPopulate);
  for (size_t length = 0; length < whole.size(); ++length) {
    EXPECT_EQ(refused(View(whole).part(0, length).copy()), codes::kParameterListLength) << length;
  }
  const Bytes write_whole = write_bytes();
  for (size_t length = 0; length < write_whole.size(); ++length) {
    EXPECT_FALSE(decode_write_using_token(View(write_whole).part(0, length), 64)) << length;
  }
}

TEST(PopulateToken, WrongRangesAreRefused) {
  const auto with = [](std::vector<BlockRange> ranges) {
    return encode(PopulateToken{false, 0, std::nullopt, std::move(ranges)});
  };
  EXPECT_EQ(refused(with({})), codes::kInvalidFieldInList);
  EXPECT_EQ(refused(with({{0, 8}, {7, 1}})), codes::kInvalidFieldInList) << "overlap";
  EXPECT_EQ(refused(with({{8, 8}, {0, 9}})), codes::kInvalidFieldInList) << "in another order";
  EXPECT_EQ(refused(with({{8, 8}, {0, 8}})), SenseCode{});
  EXPECT_EQ(refused(with({{8, 8}, {9, 0}, {16, 1}})), SenseCode{}) << "an empty one overlaps none";
  EXPECT_EQ(refused(with({{UINT64_MAX, 2}})), codes::kInvalidFieldInList);
  EXPECT_EQ(refused(with({{0, 1}, {1, 1}, {2, 1}}), 2), codes::kTooManySegments);
}

TEST(PopulateToken, LengthsThatDisagreeAreRefused) {
  Bytes bytes = hex(kPopulate);
  bytes[15] = 0x30;  // more ranges than DATA LENGTH
  EXPECT_EQ(refused(bytes), codes::kInvalidFieldInList);
  bytes = hex(kPopulate);
  bytes[15] = 0x1f;
  EXPECT_EQ(refused(bytes), codes::kInvalidFieldInList);
  bytes = hex(kPopulate);
  bytes[0] = 0xff;
  EXPECT_EQ(refused(bytes), codes::kParameterListLength);
}

TEST(Token, ByteForByte) {
  TokenHead head;
  head.type = RodType::point_in_time_vulnerable;
  head.id = 0x0102030405060708;
  head.creator.fill(0xcc);
  head.bytes_high = 1;
  head.bytes_low = 2;
  const Bytes expected =
      hex("00800001 0000 01f8 0102030405060708 cc*32 0000000000000001 0000000000000002 00*448");
  EXPECT_EQ(dump(View(encode_token(head))), dump(expected));
  EXPECT_EQ(decode_token(expected), head);
}

TEST(Token, OfAnotherLengthIsNone) {
  EXPECT_FALSE(decode_token(hex("00800001 0000 01f8 00*503")));
  EXPECT_FALSE(decode_token(hex("00800001 0000 01f7 00*504")));
}

Bytes information_bytes(const std::string& descriptors) {
  return hex("00000222 10 01 0000 00000000 00 00 00 f1 0000000000000080 0000 00*6 " + descriptors);
}

TEST(TokenInformation, ByteForByte) {
  TokenInformation information;
  information.status.service_action = 0x10;
  information.status.state = OperationStatus::State::complete;
  information.status.count = 128;
  information.token.emplace();
  information.token->fill(0x5a);
  const Bytes expected = information_bytes("00000202 0000 5a*512");
  EXPECT_EQ(dump(encode(information)), dump(expected));
  EXPECT_EQ(decode_token_information(expected), information);
}

TEST(TokenInformation, BehindSenseDataByteForByte) {
  TokenInformation information;
  information.status.service_action = 0x11;
  information.status.state = OperationStatus::State::error;
  information.status.completion_status = 2;
  information.status.sense = hex("70 00 05 00000000 0a 00000000 23 07 00 000000");
  const Bytes expected =
      hex("00000032 11 02 0000 00000000 02 12 12 f1 00*8 0000 00*6"
          " 70 00 05 00000000 0a 00000000 23 07 00 000000 00000000");
  EXPECT_EQ(dump(encode(information)), dump(expected));
  EXPECT_EQ(decode_token_information(expected), information);
}

TEST(TokenInformation, WrongLengthsAreRefused) {
  EXPECT_FALSE(decode_token_information(information_bytes("00000202 0000 5a*511")));
  EXPECT_FALSE(decode_token_information(information_bytes("00000201 0000 5a*512")));
  EXPECT_FALSE(decode_token_information(information_bytes("ffffffff 0000 5a*512")));
  EXPECT_FALSE(decode_token_information(hex("00000000")));
}

TEST(TokenReport, HoldsTheFirstPartOfEachToken) {
  Token token = zero_token();
  token[95] = 0x77;
  token[96] = 0x88;
  const Bytes report = encode_token_report({token, token});
  ASSERT_EQ(report.size(), 8U + 2 * 96U);
  EXPECT_EQ(View(report).be32(0), 4U + 2 * 96U);
  EXPECT_EQ(View(report).be32(8), 0xffff0001U);
  EXPECT_EQ(View(report).u8(8 + 95), 0x77);
  EXPECT_EQ(View(report).be32(8 + 96), 0xffff0001U) << "nothing of the secret part in between";
  EXPECT_EQ(dump(encode_token_report({})), dump(hex("00000004 00000000")));
}

}  // namespace
}  // namespace libcopyfile::test
