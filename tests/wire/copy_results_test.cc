#include "wire/copy_results.h"

#include <gtest/gtest.h>

#include "hex.h"

namespace libcopyfile::test {
namespace {

using namespace wire;

TEST(OperatingParameters, ByteForByte) {
  OperatingParameters p;
  p.no_list_id = true;
  p.max_cscds = 0x0102;
  p.max_segments = 0x0304;
  p.max_descriptors_length = 0x05060708;
  p.max_segment_length = 0x090a0b0c;
  p.max_inline_length = 0x0d0e0f10;
  p.held_data_limit = 0x11121314;
  p.max_stream_transfer = 0x15161718;
  p.total_concurrent_copies = 0x191a;
  p.max_concurrent_copies = 0x1b;
  p.segment_granularity = 9;
  p.inline_granularity = 10;
  p.held_data_granularity = 11;
  p.descriptor_types = hex("02 0a e4");
  const Bytes expected =
      hex("0000002b 01 000000 0102 0304 05060708 090a0b0c 0d0e0f10 11121314 15161718"
          "0000 191a 1b 09 0a 0b 000000 03 02 0a e4");
  EXPECT_EQ(dump(encode(p)), dump(expected));
  EXPECT_EQ(decode_operating_parameters(expected), p);
}

TEST(OperatingParameters, WhatLioAnswersIsUnderstood) {
  // drivers/target/target_core_xcopy.c, target_rcr_operating_parameters().
  const auto p = decode_operating_parameters(
      hex("0000002a 01 000000 0002 0001 00000400 10000000 00000000 00000000 00000000"
          "0000 0001 01 09 00 00 000000 02 02 e4 00*210"));
  ASSERT_TRUE(p);
  EXPECT_TRUE(p->no_list_id);
  EXPECT_EQ(p->max_segments, 1);
  EXPECT_EQ(p->max_segment_length, 256U << 20);
  EXPECT_EQ(p->descriptor_types, hex("02 e4"));
}

TEST(OperatingParameters, CutOffInTheFixedPartIsRefused) {
  const Bytes whole = encode(OperatingParameters{});
  for (size_t length = 0; length < whole.size(); ++length) {
    EXPECT_FALSE(decode_operating_parameters(View(whole).part(0, length))) << length;
  }
  // All there, but it says that it is less.
  EXPECT_FALSE(decode_operating_parameters(hex("00000010 00*60")));
}

TEST(CountInBytes, KnowsTheUnits) {
  EXPECT_EQ(count_in_bytes(0, 5, 512), 5U);
  EXPECT_EQ(count_in_bytes(1, 5, 512), 5U << 10);
  EXPECT_EQ(count_in_bytes(6, 5, 512), uint64_t{5} << 60);
  EXPECT_EQ(count_in_bytes(kUnitBlocks, 5, 4096), 5U * 4096);
  EXPECT_FALSE(count_in_bytes(6, 16, 512)) << "more than 64 bits";
  EXPECT_FALSE(count_in_bytes(7, 1, 512));
  EXPECT_EQ(count_in_bytes(kUnitBlocks, UINT64_MAX, 0), 0U);
}

TEST(CopyStatus, ByteForByte) {
  const CopyStatus status{true, CopyStatus::State::error, 0x0102, kUnitBlocks, 0x03040506};
  const Bytes expected = hex("00000008 82 0102 f1 03040506");
  EXPECT_EQ(dump(encode(status)), dump(expected));
  EXPECT_EQ(decode_copy_status(expected), status);
}

TEST(CopyStatus, UnknownStatesAndCutOffAnswersAreRefused) {
  EXPECT_FALSE(decode_copy_status(hex("00000008 03 0000 00 00000000")));
  EXPECT_FALSE(decode_copy_status(hex("00000008 00 0000 00 000000")));
  EXPECT_FALSE(decode_copy_status({}));
}

TEST(FailureDetails, ByteForByte) {
  const FailureDetails details{2, hex("70 00 0a 00000000 0a 00000000 0d 02 00 000000")};
  const Bytes expected =
      hex("0000004a 00*52 02 00 0012 70 00 0a 00000000 0a 00000000 0d 02 00 000000");
  EXPECT_EQ(dump(encode(details)), dump(expected));
  EXPECT_EQ(decode_failure_details(expected), details);
}

TEST(FailureDetails, NoneIsNoFailureOfTheAnswer) {
  EXPECT_EQ(decode_failure_details(hex("00000000")), FailureDetails{});
}

TEST(FailureDetails, SenseDataThatIsNotThereIsRefused) {
  EXPECT_FALSE(decode_failure_details(hex("0000004a 00*52 02 00 0013 00*18")));
  EXPECT_FALSE(decode_failure_details(hex("00000048 00*52 02 00 0012 00*18")));
  EXPECT_FALSE(decode_failure_details(hex("000000")));
}

TEST(OperationStatus, ByteForByte) {
  OperationStatus status;
  status.service_action = 0x10;
  status.state = OperationStatus::State::in_progress_background;
  status.counter = 0x0102;
  status.delay_ms = 0x03040506;
  status.completion_status = 2;
  status.unit = kUnitBlocks;
  status.count = 0x1122334455667788;
  status.segments_processed = 0x0708;
  status.sense = hex("72 0a 0d 04 00000000");
  const Bytes expected =
      hex("00000024 10 12 0102 03040506 02 08 08 f1 1122334455667788 0708 000000000000"
          "72 0a 0d 04 00000000");
  EXPECT_EQ(dump(encode(status)), dump(expected));
  EXPECT_EQ(decode_operation_status(expected), status);
  EXPECT_TRUE(status.running());
}

TEST(OperationStatus, AFieldLongerThanTheSenseDataInItIsFine) {
  const auto status = decode_operation_status(
      hex("00000024 10 02 0000 00000000 02 08 02 f1 00*8 0000 00*6 72 0b 00*6"));
  ASSERT_TRUE(status);
  EXPECT_EQ(status->sense, hex("72 0b"));
  EXPECT_FALSE(status->running());
}

TEST(OperationStatus, WrongLengthsAreRefused) {
  EXPECT_FALSE(decode_operation_status(hex("0000001c 10 01 00*25")));
  EXPECT_FALSE(decode_operation_status(hex("0000001c 10 01 00*7 01 00 00*17 00*2")))
      << "sense data behind the end";
  EXPECT_FALSE(decode_operation_status(hex("00000024 10 01 00*7 02 04 00*25")))
      << "more sense data than its field";
}

}  // namespace
}  // namespace libcopyfile::test
