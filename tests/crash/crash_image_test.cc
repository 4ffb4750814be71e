// What is stable stays, what was applied is forgotten, and equal bytes have equal fingerprints.
#include "testing/crash_image.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

#include "testing/loop_device.h"

namespace libcopyfile::test {
namespace {

constexpr size_t kSize = 64 * kBlock;

BlockEvent write_of(uint64_t offset, const std::string& bytes) {
  return {BlockOp::write, offset, bytes.size(), std::as_bytes(std::span(bytes))};
}

class CrashImageTest : public testing::Test {
 protected:
  std::string bytes(off_t offset, size_t size) const {
    std::string text(size, '\0');
    EXPECT_EQ(pread(image_.file().get(), text.data(), size, offset), static_cast<ssize_t>(size));
    return text;
  }

  CrashImage image_{make_image(kSize, {})};
  const std::string a_ = std::string(kBlock, 'a');
  const std::string b_ = std::string(2 * kBlock, 'b');
};

TEST_F(CrashImageTest, AppliedBytesAreSeenAndForgotten) {
  image_.settle(write_of(kBlock, a_));
  image_.apply(write_of(0, b_), 0, b_.size());
  EXPECT_EQ(bytes(0, b_.size()), b_);
  image_.undo();
  EXPECT_EQ(bytes(0, b_.size()), std::string(kBlock, '\0') + a_);
}

TEST_F(CrashImageTest, WhatAMountWroteIsForgotten) {
  image_.settle(write_of(kBlock, a_));
  ASSERT_EQ(pwrite(image_.file().get(), b_.data(), b_.size(), kBlock), 2 * off_t{kBlock});
  image_.undo_everything();
  EXPECT_EQ(bytes(kBlock, b_.size()), a_ + std::string(kBlock, '\0'));
}

TEST_F(CrashImageTest, EqualBytesHaveEqualFingerprints) {
  const uint64_t empty = image_.fingerprint();
  image_.apply(write_of(kBlock, a_), 0, kBlock);
  const uint64_t applied = image_.fingerprint();
  EXPECT_NE(applied, empty);
  image_.undo();
  EXPECT_EQ(image_.fingerprint(), empty);
  image_.settle(write_of(kBlock, a_));
  EXPECT_EQ(image_.fingerprint(), applied);
  // Somewhere else they are something else.
  image_.apply(write_of(2 * kBlock, a_), 0, kBlock);
  image_.apply({BlockOp::discard, kBlock, kBlock, {}}, 0, kBlock);
  EXPECT_NE(image_.fingerprint(), applied);
}

TEST_F(CrashImageTest, PartsOfAWriteAreThatPart) {
  const std::string two = a_ + b_;
  image_.apply(write_of(0, two), kBlock, kBlock);
  EXPECT_EQ(bytes(0, 3 * kBlock),
            std::string(kBlock, '\0') + std::string(kBlock, 'b') + std::string(kBlock, '\0'));
}

}  // namespace
}  // namespace libcopyfile::test
