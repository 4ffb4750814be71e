// Byte ranges: half-open, 64-bit, checked. Every offset in the project is one of these; nothing else adds offsets to
// lengths without a check. Pure values, no system calls.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <vector>

namespace libcopyfile {

// The largest offset that the kernel's loff_t holds; a byte at this offset can't exist.
inline constexpr uint64_t kMaxOffset = static_cast<uint64_t>(std::numeric_limits<int64_t>::max());

// Bytes [begin, end). REQUIRES begin <= end.
struct Range {
  uint64_t begin = 0;
  uint64_t end = 0;

  // The range of `length` bytes at `offset`, or nothing where its end is not a valid file offset.
  static constexpr std::optional<Range> at(uint64_t offset, uint64_t length) {
    if (offset > kMaxOffset || length > kMaxOffset - offset) return std::nullopt;
    return Range{offset, offset + length};
  }

  constexpr uint64_t length() const { return end - begin; }
  constexpr bool empty() const { return begin == end; }
  constexpr bool contains(uint64_t offset) const { return offset >= begin && offset < end; }
  constexpr bool overlaps(const Range& o) const {
    return begin < o.end && o.begin < end && !empty() && !o.empty();
  }
  constexpr Range clipped(const Range& o) const {
    const uint64_t b = std::max(begin, o.begin);
    return {b, std::max(b, std::min(end, o.end))};
  }
  constexpr bool operator==(const Range&) const = default;
};

// `length` bytes from `in` of the source to `out` of the destination. Both ends are valid file offsets once the vector
// has passed plan/validate.
struct CopyRange {
  uint64_t in = 0;
  uint64_t out = 0;
  uint64_t length = 0;

  constexpr Range source() const { return {in, in + length}; }
  constexpr Range destination() const { return {out, out + length}; }
  // The part of this range that starts `skip` bytes into it and is at most `count` bytes long. REQUIRES skip <= length.
  constexpr CopyRange part(uint64_t skip, uint64_t count) const {
    return {in + skip, out + skip, std::min(count, length - skip)};
  }
  constexpr bool operator==(const CopyRange&) const = default;
};

constexpr uint64_t align_down(uint64_t value, uint64_t alignment) {
  return value - value % alignment;
}
// REQUIRES value + alignment - 1 fits in 64 bits, as it does for valid file offsets.
constexpr uint64_t align_up(uint64_t value, uint64_t alignment) {
  return align_down(value + alignment - 1, alignment);
}

inline uint64_t total_length(std::span<const CopyRange> ranges) {
  uint64_t sum = 0;
  for (const CopyRange& r : ranges) sum += r.length;
  return sum;
}

// What is left of `ranges` behind the first `skip` bytes, in order.
std::vector<CopyRange> remaining(std::span<const CopyRange> ranges, uint64_t skip);

}  // namespace libcopyfile
