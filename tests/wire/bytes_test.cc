#include "wire/bytes.h"

#include <gtest/gtest.h>

#include "hex.h"

namespace libcopyfile::test {
namespace {

using wire::Bytes;
using wire::View;
using wire::Writer;

TEST(View, ReadsBothOrders) {
  const Bytes bytes = hex("0102 0304 0506 0708");
  const View view(bytes);
  EXPECT_EQ(view.be16(0), 0x0102);
  EXPECT_EQ(view.be24(1), 0x020304U);
  EXPECT_EQ(view.be32(0), 0x01020304U);
  EXPECT_EQ(view.be64(0), 0x0102030405060708U);
  EXPECT_EQ(view.le16(0), 0x0201);
  EXPECT_EQ(view.le32(4), 0x08070605U);
  EXPECT_EQ(view.le64(0), 0x0807060504030201U);
  EXPECT_TRUE(view.bit(2, 0));
  EXPECT_FALSE(view.bit(2, 2));
}

TEST(View, WhatLiesBehindTheEndIsZero) {
  const Bytes bytes = hex("ff ff ff");
  const View view(bytes);
  EXPECT_EQ(view.u8(3), 0);
  EXPECT_EQ(view.be32(0), 0U) << "a field that is only partly there is not there";
  EXPECT_EQ(view.le16(2), 0);
  EXPECT_EQ(view.be64(SIZE_MAX), 0U);
  EXPECT_FALSE(view.has(1, SIZE_MAX));
  EXPECT_FALSE(view.has(SIZE_MAX, 1));
  EXPECT_TRUE(view.has(3, 0));
  EXPECT_EQ(view.part(2, SIZE_MAX).size(), 1U);
  EXPECT_EQ(view.part(SIZE_MAX, SIZE_MAX).size(), 0U);
}

TEST(Writer, WritesBothOrders) {
  Bytes bytes(20);
  Writer out(bytes);
  out.u8(0, 0xaa);
  out.be16(1, 0x0102);
  out.be24(3, 0x010203);
  out.be32(6, 0x01020304);
  out.le16(10, 0x0102);
  out.le32(12, 0x01020304);
  out.bytes(16, hex("0a0b0c0d"));
  EXPECT_TRUE(out.ok());
  EXPECT_EQ(dump(bytes), dump(hex("aa 0102 010203 01020304 0201 04030201 0a0b0c0d")));
  Writer(bytes).be64(0, 0x0102030405060708);
  Writer(bytes).le64(8, 0x0102030405060708);
  EXPECT_EQ(dump(View(bytes).part(0, 16)), dump(hex("0102030405060708 0807060504030201")));
}

TEST(Writer, LeavesOutWhatDoesNotFit) {
  Bytes bytes(3);
  Writer out(bytes);
  out.be32(0, UINT32_MAX);
  EXPECT_FALSE(out.ok());
  EXPECT_EQ(bytes, Bytes(3));
  Writer behind(bytes);
  behind.u8(SIZE_MAX, 1);
  EXPECT_FALSE(behind.ok());
}

}  // namespace
}  // namespace libcopyfile::test
