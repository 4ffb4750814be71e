#include "wire/nvme_copy.h"

#include <gtest/gtest.h>

#include "hex.h"

namespace libcopyfile::test {
namespace {

using namespace wire;

TEST(NvmeRanges, EveryFormatByteForByte) {
  const NvmeRange plain{0, 0x0102030405060708, 65536, false};
  const NvmeRange named{0x0a0b0c0d, 0x0102030405060708, 1, true};
  struct {
    CopyFormat format;
    NvmeRange range;
    const char* bytes;
  } const formats[] = {
      {CopyFormat::f0, plain, "00*8 0807060504030201 ffff 00*14"},
      {CopyFormat::f1, plain, "00*8 0807060504030201 ffff 00*22"},
      {CopyFormat::f2, named, "0d0c0b0a 00*4 0807060504030201 0000 00*4 0080 00*8"},
      {CopyFormat::f3, named, "0d0c0b0a 00*4 0807060504030201 0000 00*4 0080 00*16"},
  };
  for (const auto& one : formats) {
    const Bytes twice = encode_ranges(one.format, {one.range, one.range});
    EXPECT_EQ(twice.size(), 2 * entry_size(one.format));
    EXPECT_EQ(dump(View(twice).part(0, entry_size(one.format))), dump(hex(one.bytes)));
    EXPECT_EQ(decode_ranges(one.format, twice), (std::vector<NvmeRange>{one.range, one.range}));
  }
}

TEST(NvmeRanges, AnEntryThatIsCutOffIsNotThere) {
  EXPECT_EQ(decode_ranges(CopyFormat::f0, hex("00*63")).size(), 1U);
  EXPECT_TRUE(decode_ranges(CopyFormat::f1, hex("00*39")).empty());
}

TEST(NvmeCopyCommand, DwordForDword) {
  const CopyCommand command{0x0102030405060708, 256, CopyFormat::f2, true, false};
  const CommandDwords expected{0x05060708, 0x01020304, 0x400002ff, 0, 0, 0};
  EXPECT_EQ(encode(command), expected);
  EXPECT_EQ(decode_copy_command(expected), command);
  const CopyCommand other{1, 1, CopyFormat::f1, false, true};
  EXPECT_EQ(encode(other), (CommandDwords{1, 0, 0x80000100, 0, 0, 0}));
  EXPECT_EQ(decode_copy_command(encode(other)), other);
}

TEST(NvmeReadCommand, DwordForDword) {
  const ReadCommand command{0x0102030405060708, 65536};
  EXPECT_EQ(encode(command), (CommandDwords{0x05060708, 0x01020304, 0xffff, 0, 0, 0}));
  EXPECT_EQ(decode_read_command(encode(command)), command);
  EXPECT_EQ(encode(ReadCommand{7, 1}), (CommandDwords{7, 0, 0, 0, 0, 0}));
}

TEST(NvmeIdentify, TheControllerSaysWhetherAndHow) {
  Bytes identify(4096);
  EXPECT_EQ(decode_controller_copy(identify), (ControllerCopy{false, 0}));
  Writer(identify).le16(520, 0x0100);
  Writer(identify).le16(534, 0x0003);
  EXPECT_EQ(decode_controller_copy(identify), (ControllerCopy{true, 3}));
  EXPECT_EQ(encode(ControllerCopy{true, 3}), identify);
  EXPECT_TRUE((ControllerCopy{true, 4}).has(CopyFormat::f2));
  EXPECT_FALSE((ControllerCopy{true, 4}).has(CopyFormat::f0));
  identify.pop_back();
  EXPECT_FALSE(decode_controller_copy(identify));
}

TEST(NvmeHostBehavior, SaysWhichFormatsAreEnabled) {
  Bytes feature(512);
  Writer(feature).le16(4, 0x000c);
  EXPECT_EQ(decode_enabled_formats(feature), 0x0c);
  EXPECT_EQ(encode_enabled_formats(0x0c), feature);
  EXPECT_EQ(decode_enabled_formats(Bytes()), 0) << "a controller that has no such feature";
}

Bytes identify_namespace() {
  Bytes identify(4096);
  Writer out(identify);
  out.le64(0, 0x1000);
  out.u8(25, 1);
  out.u8(26, 1);     // the second format
  out.u8(29, 0x01);  // protection information type 1
  out.le16(74, 128);
  out.le32(76, 1024);
  out.u8(80, 127);
  out.u8(128 + 2, 9);
  out.le16(132, 8);
  out.u8(132 + 2, 12);
  return identify;
}

TEST(NvmeIdentify, TheNamespaceSaysItsLimits) {
  EXPECT_EQ(decode_namespace_copy(identify_namespace()),
            (NamespaceCopy{0x1000, 4096, 8, true, 128, 1024, 128}));
}

TEST(NvmeIdentify, WhatANamespaceSaysIsWhatWasSaid) {
  for (const NamespaceCopy& space : {NamespaceCopy{0x1000, 4096, 8, true, 128, 1024, 128},
                                     NamespaceCopy{1, 512, 0, false, 65535, UINT32_MAX, 256}}) {
    EXPECT_EQ(decode_namespace_copy(encode(space)), space);
  }
}

TEST(NvmeIdentify, MoreThanSixteenFormatsHaveTwoMoreBits) {
  Bytes identify = identify_namespace();
  identify[25] = 63;
  identify[26] = 0x20 | 1;  // the 18th
  Writer(identify).u8(128 + 17 * 4 + 2, 13);
  EXPECT_EQ(decode_namespace_copy(identify)->block_length, 8192U);
  identify[25] = 15;
  EXPECT_EQ(decode_namespace_copy(identify)->block_length, 4096U);
}

TEST(NvmeIdentify, ABlockOfNoSizeIsRefused) {
  Bytes identify = identify_namespace();
  identify[132 + 2] = 0;
  EXPECT_FALSE(decode_namespace_copy(identify));
  identify[132 + 2] = 64;
  EXPECT_FALSE(decode_namespace_copy(identify));
}

}  // namespace
}  // namespace libcopyfile::test
