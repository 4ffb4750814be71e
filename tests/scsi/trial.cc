#include "trial.h"

#include <gtest/gtest.h>

#include <cstring>

namespace libcopyfile::test {

Moved Trial::run(const UnitMechanism& mechanism, std::span<const CopyRange> ranges) {
  UnitPair pair{scsi, source->unit, destination->unit, control, &watch, 60'000, 500, proven};
  const Moved moved = mechanism.move(pair, ranges);
  uint64_t left = moved.bytes;
  wire::Bytes expected = before;
  for (const CopyRange& range : ranges) {
    const uint64_t length = std::min(left, range.length);
    EXPECT_EQ(
        std::memcmp(destination->data.data() + range.out, source->data.data() + range.in, length),
        0)
        << "bytes that count are not in place, range at " << range.in;
    left -= length;
    std::memcpy(expected.data() + range.out, destination->data.data() + range.out, range.length);
  }
  EXPECT_EQ(left, 0U) << "more than there was to move";
  EXPECT_TRUE(expected == destination->data) << "something outside the ranges was written";
  EXPECT_EQ(control.total, moved.bytes) << "what was told while it moved";
  if (moved.stop == Stop::complete) {
    EXPECT_EQ(moved.bytes, total_length(ranges));
  }
  if (moved.stop == Stop::declined || moved.stop == Stop::failed) {
    EXPECT_NE(moved.error.code, 0);
    EXPECT_EQ(moved.error.op == Op::offload || moved.error.op == Op::verify, true);
  }
  return moved;
}

std::vector<CopyRange> scattered(size_t count, uint64_t length) {
  std::vector<CopyRange> ranges;
  for (size_t i = 0; i < count; ++i) {
    ranges.push_back({i * length * 2, (count - 1 - i) * length * 2, length});
  }
  return ranges;
}

}  // namespace libcopyfile::test
