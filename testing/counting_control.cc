#include "testing/counting_control.h"

#include <gtest/gtest.h>

#include <cstring>

namespace libcopyfile::test {

void expect_what_it_says(const Moved& moved, std::span<const CopyRange> ranges,
                         const std::vector<uint8_t>& source, const std::vector<uint8_t>& before,
                         const std::vector<uint8_t>& destination, const CountingControl& control) {
  uint64_t left = moved.bytes;
  std::vector<uint8_t> expected = before;
  for (const CopyRange& range : ranges) {
    const uint64_t length = std::min(left, range.length);
    EXPECT_EQ(std::memcmp(destination.data() + range.out, source.data() + range.in, length), 0)
        << "bytes that count are not in place, range at " << range.in;
    left -= length;
    std::memcpy(expected.data() + range.out, destination.data() + range.out, range.length);
  }
  EXPECT_EQ(left, 0U) << "more than there was to move";
  EXPECT_TRUE(expected == destination) << "something outside the ranges was written";
  EXPECT_EQ(control.total, moved.bytes) << "what was told while it moved";
  if (moved.stop == Stop::complete) {
    EXPECT_EQ(moved.bytes, total_length(ranges));
  }
  if (moved.stop == Stop::declined || moved.stop == Stop::failed) {
    EXPECT_NE(moved.error.code, 0);
    EXPECT_TRUE(moved.error.op == Op::offload || moved.error.op == Op::verify);
  }
}

}  // namespace libcopyfile::test
