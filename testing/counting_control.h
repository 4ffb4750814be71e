// Who is told how far a copy is, and cancels it where the test says.
#pragma once

#include <vector>

#include "mechanism/device_task.h"

namespace libcopyfile::test {

class CountingControl final : public Control {
 public:
  bool moved(uint64_t bytes) override {
    total += bytes;
    return total < cancel_at;
  }
  uint64_t chunk() const override { return chunk_bytes; }

  uint64_t total = 0;
  uint64_t cancel_at = UINT64_MAX;
  uint64_t chunk_bytes = uint64_t{256} << 20;
};

class CountingWatch final : public DeviceWatch {
 public:
  bool working(uint64_t bytes) override {
    seen.push_back(bytes);
    return seen.size() < cancel_at;
  }

  std::vector<uint64_t> seen;
  size_t cancel_at = SIZE_MAX;
};

// `count` ranges of `length` bytes: in order at the source, in reverse order at the destination, none beside another.
inline std::vector<CopyRange> scattered(size_t count, uint64_t length) {
  std::vector<CopyRange> ranges;
  for (size_t i = 0; i < count; ++i) {
    ranges.push_back({i * length * 2, (count - 1 - i) * length * 2, length});
  }
  return ranges;
}

// Checks what holds whatever the outcome: the bytes that count are in place, nothing outside the ranges was written, and what was
// told while it moved adds up. `before` is what the destination held.
void expect_what_it_says(const Moved& moved, std::span<const CopyRange> ranges,
                         const std::vector<uint8_t>& source, const std::vector<uint8_t>& before,
                         const std::vector<uint8_t>& destination, const CountingControl& control);

}  // namespace libcopyfile::test
