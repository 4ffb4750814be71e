#include "wire/cdb.h"

#include <gtest/gtest.h>

#include "hex.h"
#include "wire/sense_codes.h"

namespace libcopyfile::test {
namespace {

using namespace wire;

struct Case {
  const char* name;
  Command command;
  const char* bytes;
};

const std::vector<Case>& cases() {
  static const std::vector<Case> all{
      {"test_unit_ready", TestUnitReadyCdb{}, "00 00 00 00 00 00"},
      {"inquiry", InquiryCdb{std::nullopt, 96}, "12 00 00 0060 00"},
      {"inquiry_of_a_page", InquiryCdb{0x8f, 0x1234}, "12 01 8f 1234 00"},
      {"read_capacity", ReadCapacityCdb{32}, "9e 10 00*8 00000020 00 00"},
      {"read", BlocksCdb{Opcode::read_16, 0x0102030405060708, 0x11223344},
       "88 00 0102030405060708 11223344 00 00"},
      {"write", BlocksCdb{Opcode::write_16, 9, 1}, "8a 00 0000000000000009 00000001 00 00"},
      {"synchronize_cache", BlocksCdb{Opcode::synchronize_cache_16, 0, 0}, "91 00*15"},
      {"extended_copy_lid1", CopyOutCdb{CopyOut::extended_copy_lid1, 0, 0x78, 0},
       "83 00 00*8 00000078 00 00"},
      {"extended_copy_lid4", CopyOutCdb{CopyOut::extended_copy_lid4, 0, 0x9c, 0},
       "83 01 00*8 0000009c 00 00"},
      {"populate_token", CopyOutCdb{CopyOut::populate_token, 0x01020304, 32, 5},
       "83 10 00*4 01020304 00000020 05 00"},
      {"write_using_token", CopyOutCdb{CopyOut::write_using_token, 0x01020304, 552, 0},
       "83 11 00*4 01020304 00000228 00 00"},
      {"copy_operation_abort", CopyOutCdb{CopyOut::copy_operation_abort, 0x01020304, 0, 0},
       "83 1c 01020304 00*10"},
      {"copy_status_lid1", CopyInCdb{CopyIn::copy_status_lid1, 0x42, 12},
       "84 00 42 00*7 0000000c 00 00"},
      {"operating_parameters", CopyInCdb{CopyIn::operating_parameters, 0, 256},
       "84 03 00*8 00000100 00 00"},
      {"failed_segment_details", CopyInCdb{CopyIn::failed_segment_details, 0x42, 512},
       "84 04 42 00*7 00000200 00 00"},
      {"copy_status_lid4", CopyInCdb{CopyIn::copy_status_lid4, 0x01020304, 64},
       "84 05 01020304 00*4 00000040 00 00"},
      {"rod_token_information", CopyInCdb{CopyIn::rod_token_information, 0x01020304, 1024},
       "84 07 01020304 00*4 00000400 00 00"},
      {"report_all_rod_tokens", CopyInCdb{CopyIn::report_all_rod_tokens, 0, 0x1000},
       "84 08 00*8 00001000 00 00"},
  };
  return all;
}

class CdbOf : public ::testing::TestWithParam<Case> {};

TEST_P(CdbOf, IsByteForByteWhatTheStandardSays) {
  EXPECT_EQ(dump(encode(GetParam().command).view()), dump(hex(GetParam().bytes)));
}

TEST_P(CdbOf, IsTakenApartAgain) {
  const auto command = decode_cdb(hex(GetParam().bytes));
  ASSERT_TRUE(command);
  EXPECT_EQ(*command, GetParam().command);
}

TEST_P(CdbOf, CutOffIsRefused) {
  Bytes bytes = hex(GetParam().bytes);
  bytes.pop_back();
  ASSERT_FALSE(decode_cdb(bytes));
}

INSTANTIATE_TEST_SUITE_P(Commands, CdbOf, ::testing::ValuesIn(cases()),
                         [](const auto& one) { return std::string(one.param.name); });

SenseCode refused(const char* bytes) {
  const auto command = decode_cdb(hex(bytes));
  return command ? SenseCode{} : command.error().code;
}

TEST(Cdb, UnknownCommandsAreInvalidOperations) {
  EXPECT_EQ(refused("ff 00*15"), codes::kInvalidOperation);
  EXPECT_EQ(refused("28 00*9"), codes::kInvalidOperation);
  EXPECT_EQ(refused(""), codes::kInvalidOperation);
}

TEST(Cdb, UnknownServiceActionsPointToTheirField) {
  for (const char* bytes : {"83 1f 00*14", "84 01 00*14", "9e 12 00*14"}) {
    const auto command = decode_cdb(hex(bytes));
    ASSERT_FALSE(command) << bytes;
    EXPECT_EQ(command.error(), refusal_of_cdb(codes::kInvalidFieldInCdb, 1)) << bytes;
  }
}

TEST(Cdb, APageCodeWithoutTheBitForPagesIsRefused) {
  EXPECT_EQ(refused("12 00 83 00ff 00"), codes::kInvalidFieldInCdb);
}

}  // namespace
}  // namespace libcopyfile::test
