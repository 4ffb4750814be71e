// The headers against bytes that were written by hand from RFC 7143, 11.
#include "wire/iscsi_pdu.h"

#include <gtest/gtest.h>

namespace libcopyfile::test {
namespace {

using namespace wire::iscsi;
using wire::Bytes;
using wire::View;

Bytes bytes_of(std::string_view text) {
  Bytes out;
  unsigned value = 0;
  unsigned digits = 0;
  for (const char c : text) {
    if (c == ' ') continue;
    value = value << 4 | static_cast<unsigned>(c <= '9' ? c - '0' : c - 'a' + 10);
    if (++digits % 2 == 0) out.push_back(static_cast<uint8_t>(std::exchange(value, 0)));
  }
  return out;
}

Header header_of(std::string_view text) {
  const Bytes bytes = bytes_of(text);
  EXPECT_EQ(bytes.size(), kHeaderSize);
  Header header{};
  std::copy_n(bytes.begin(), std::min(bytes.size(), kHeaderSize), header.begin());
  return header;
}

// Both ways: what is written is the golden text, and what is read from it is written again as the same.
template <class Pdu>
void expect_golden(const Pdu& pdu, std::string_view golden) {
  const Header expected = header_of(golden);
  EXPECT_EQ(encode(pdu), expected);
  EXPECT_EQ(encode(decode<Pdu>(expected)), expected);
}

constexpr TargetNumbers kTarget{0x01020304, 0x05060708, 0x090a0b0c};
constexpr InitiatorNumbers kInitiator{0x11121314, 0x15161718};
constexpr uint64_t kLun = 0x0001000000000000;

TEST(IscsiPdu, NopOut) {
  expect_golden(NopOut{true, kLun, 0xa1a2a3a4, kNoTag, kInitiator},
                "40800000 00000000 00010000 00000000 a1a2a3a4 ffffffff 11121314 15161718"
                "00000000 00000000 00000000 00000000");
}

TEST(IscsiPdu, ScsiCommand) {
  ScsiCommand pdu{false, true, true, false, 1, kLun, 0xa1a2a3a4, 4096, kInitiator, {}};
  pdu.cdb = {0x28, 0, 0, 0, 0, 8, 0, 0, 8};
  expect_golden(pdu,
                "01c10000 00000000 00010000 00000000 a1a2a3a4 00001000 11121314 15161718"
                "28000000 00080000 08000000 00000000");
  pdu.final = pdu.read = false;
  pdu.write = pdu.immediate = true;
  EXPECT_EQ(encode(pdu)[0], 0x41);
  EXPECT_EQ(encode(pdu)[1], 0x21);
}

TEST(IscsiPdu, TaskManagement) {
  expect_golden(TaskManagementRequest{true, 1, kLun, 0xa1a2a3a4, 0xb1b2b3b4, kInitiator, 0xc1c2c3c4,
                                      0xd1d2d3d4},
                "42810000 00000000 00010000 00000000 a1a2a3a4 b1b2b3b4 11121314 15161718"
                "c1c2c3c4 d1d2d3d4 00000000 00000000");
  expect_golden(TaskManagementResponse{5, 0xa1a2a3a4, kTarget},
                "22800500 00000000 00000000 00000000 a1a2a3a4 00000000 01020304 05060708"
                "090a0b0c 00000000 00000000 00000000");
}

TEST(IscsiPdu, Login) {
  expect_golden(
      LoginRequest{
          true, false, 1, 3, 0, 0, {0x80, 1, 2, 3, 4, 5}, 0x0607, 0xa1a2a3a4, 0x0809, kInitiator},
      "43870000 00000000 80010203 04050607 a1a2a3a4 08090000 11121314 15161718"
      "00000000 00000000 00000000 00000000");
  expect_golden(
      LoginResponse{
          false, true, 0, 1, 0, 0, {0x80, 1, 2, 3, 4, 5}, 0x0607, 0xa1a2a3a4, kTarget, 0x0201},
      "23410000 00000000 80010203 04050607 a1a2a3a4 00000000 01020304 05060708"
      "090a0b0c 02010000 00000000 00000000");
}

TEST(IscsiPdu, Text) {
  expect_golden(TextRequest{true, true, false, 0, 0xa1a2a3a4, kNoTag, kInitiator},
                "44800000 00000000 00000000 00000000 a1a2a3a4 ffffffff 11121314 15161718"
                "00000000 00000000 00000000 00000000");
  expect_golden(TextResponse{false, true, 0, 0xa1a2a3a4, 7, kTarget},
                "24400000 00000000 00000000 00000000 a1a2a3a4 00000007 01020304 05060708"
                "090a0b0c 00000000 00000000 00000000");
}

TEST(IscsiPdu, DataOut) {
  expect_golden(DataOut{true, kLun, 0xa1a2a3a4, 0xb1b2b3b4, 0xc1c2c3c4, 0xd1d2d3d4, 0xe1e2e3e4},
                "05800000 00000000 00010000 00000000 a1a2a3a4 b1b2b3b4 00000000 c1c2c3c4"
                "00000000 d1d2d3d4 e1e2e3e4 00000000");
}

TEST(IscsiPdu, DataIn) {
  expect_golden(DataIn{true,
                       false,
                       true,
                       2,
                       kLun,
                       0xa1a2a3a4,
                       kNoTag,
                       kTarget,
                       0xd1d2d3d4,
                       0xe1e2e3e4,
                       {true, false, 9}},
                "25850002 00000000 00010000 00000000 a1a2a3a4 ffffffff 01020304 05060708"
                "090a0b0c d1d2d3d4 e1e2e3e4 00000009");
}

TEST(IscsiPdu, ScsiResponse) {
  expect_golden(ScsiResponse{0, 2, 0xa1a2a3a4, kTarget, 0xd1d2d3d4, {false, true, 9}},
                "21820002 00000000 00000000 00000000 a1a2a3a4 00000000 01020304 05060708"
                "090a0b0c d1d2d3d4 00000000 00000009");
}

TEST(IscsiPdu, ReadyToTransfer) {
  expect_golden(
      ReadyToTransfer{kLun, 0xa1a2a3a4, 0xb1b2b3b4, kTarget, 0xd1d2d3d4, 0xe1e2e3e4, 0x00100000},
      "31800000 00000000 00010000 00000000 a1a2a3a4 b1b2b3b4 01020304 05060708"
      "090a0b0c d1d2d3d4 e1e2e3e4 00100000");
}

TEST(IscsiPdu, Logout) {
  expect_golden(LogoutRequest{true, 1, 0xa1a2a3a4, 0x0809, kInitiator},
                "46810000 00000000 00000000 00000000 a1a2a3a4 08090000 11121314 15161718"
                "00000000 00000000 00000000 00000000");
  expect_golden(LogoutResponse{2, 0xa1a2a3a4, kTarget, 3, 4},
                "26800200 00000000 00000000 00000000 a1a2a3a4 00000000 01020304 05060708"
                "090a0b0c 00000000 00030004 00000000");
}

TEST(IscsiPdu, NopInAsynchronousMessageRejectAndSnack) {
  expect_golden(NopIn{kLun, kNoTag, 7, kTarget},
                "20800000 00000000 00010000 00000000 ffffffff 00000007 01020304 05060708"
                "090a0b0c 00000000 00000000 00000000");
  expect_golden(AsynchronousMessage{kLun, kTarget, 1, 0, 2, 3, 4},
                "32800000 00000000 00010000 00000000 ffffffff 00000000 01020304 05060708"
                "090a0b0c 01000002 00030004 00000000");
  expect_golden(wire::iscsi::Reject{4, kTarget, 5},
                "3f800400 00000000 00000000 00000000 ffffffff 00000000 01020304 05060708"
                "090a0b0c 00000005 00000000 00000000");
  expect_golden(SnackRequest{1, kLun, 0xa1a2a3a4, kNoTag, 0xc1c2c3c4, 8, 9},
                "10810000 00000000 00010000 00000000 a1a2a3a4 ffffffff 00000000 c1c2c3c4"
                "00000000 00000000 00000008 00000009");
}

TEST(IscsiPdu, FramingSaysWhatFollows) {
  const Framing framing = decode_framing(
      header_of("41800000 02000005 00000000 00000000 00000000 00000000 00000000 00000000"
                "00000000 00000000 00000000 00000000"));
  EXPECT_EQ(framing.opcode, Opcode::scsi_command);
  EXPECT_TRUE(framing.immediate);
  EXPECT_EQ(framing.additional, 8U);
  EXPECT_EQ(framing.data, 5U);
  EXPECT_EQ(framing.padding(), 3U);
  Header header{};
  set_data_length(header, kMaxDataSegment);
  EXPECT_EQ(decode_framing(header).data, kMaxDataSegment);
  EXPECT_EQ(decode_framing(header).additional, 0U);
}

TEST(IscsiPdu, AdditionalHeaderSegments) {
  const Bytes two = bytes_of("0005 02 00 00001000 0003 01 00 aabb 0000");
  const auto found = parse_additional(View(two).part(0, 14));
  ASSERT_TRUE(found);
  ASSERT_EQ(found->size(), 2U);
  EXPECT_EQ(found->at(0).type, Additional::kExpectedRead);
  EXPECT_EQ(found->at(0).content.be32(1), 4096U);
  EXPECT_EQ(found->at(1).type, Additional::kExtendedCdb);
  EXPECT_EQ(found->at(1).content.size(), 3U);
}

TEST(IscsiPdu, AdditionalHeaderSegmentsThatDoNotFitAreRefused) {
  EXPECT_FALSE(parse_additional(bytes_of("0006 02 00 00001000")));
  EXPECT_FALSE(parse_additional(bytes_of("ffff 01 00")));
  EXPECT_FALSE(parse_additional(bytes_of("0000 01 00"))) << "would never end";
  EXPECT_FALSE(parse_additional(bytes_of("0005 02 00 00001000 00")));
  EXPECT_TRUE(parse_additional({}));
}

}  // namespace
}  // namespace libcopyfile::test
