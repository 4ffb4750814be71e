#include "target/copy_pieces.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace libcopyfile::test {
namespace {

using target::first_piece_of_copy;
using target::kCopyPiece;

constexpr uint64_t kGiB = uint64_t{1} << 30;

TEST(CopyPieces, WhatCrossesABoundaryByALittleIsNotCut) {
  EXPECT_EQ(first_piece_of_copy(kCopyPiece - 4096, 4 << 20, kCopyPiece), 4U << 20);
  EXPECT_EQ(first_piece_of_copy(kCopyPiece - 4096, 2 * kCopyPiece, kCopyPiece), 2 * kCopyPiece);
}

TEST(CopyPieces, LongCopiesAreCutWhereBlocksBegin) {
  for (const uint64_t most : {kCopyPiece / 16, kCopyPiece, 4 * kCopyPiece, kGiB}) {
    for (const uint64_t begin : {uint64_t{0}, kCopyPiece - 512, kCopyPiece + 512, kGiB + 12345}) {
      const uint64_t end = begin + 10 * kGiB;
      for (uint64_t at = begin; at < end;) {
        const uint64_t length = first_piece_of_copy(at, end - at, most);
        ASSERT_GE(length, most / 2) << at;
        ASSERT_LE(length, 2 * most) << at;
        at += length;
        if (at < end) {
          ASSERT_EQ(at % std::min(most, kCopyPiece), 0U);
        }
      }
    }
  }
}

}  // namespace
}  // namespace libcopyfile::test
