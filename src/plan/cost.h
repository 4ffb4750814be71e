// What the planner weighs with. Measured numbers; docs/performance.md says where and how.
#pragma once

#include <cstdint>

namespace libcopyfile::cost {

// A clone of a range is a transaction for the file system and a new extent in both files: below some size copying the bytes
// is faster, and fragments nothing. Measured break-even: Btrfs wins at any size. XFS 128 KiB into a new file, less with the
// fsync that a copy would need; about 512 KiB into an existing one, whose old blocks it must give back, and 256 KiB there with
// a sync behind it. Sharing saves space besides, so the smaller number counts.
inline constexpr uint64_t kSmallestCheapClone = uint64_t{4} << 10;
inline constexpr uint64_t kSmallestCloneIntoNew = uint64_t{64} << 10;
inline constexpr uint64_t kSmallestClone = uint64_t{256} << 10;

// Requests up to this are not worth asking for extents: reading zeros out of a small hole costs less than finding it.
inline constexpr uint64_t kSmallRequest = uint64_t{64} << 10;

// Direct I/O gains nothing on small pieces, which pay a device round trip each.
inline constexpr uint64_t kSmallestDirect = uint64_t{256} << 10;

// From this size on, a cold source whose copy must reach the medium anyway goes around the page cache...
inline constexpr uint64_t kDirectFrom = uint64_t{64} << 20;
// ...if no more of it than one part in kColdShare is in the page cache.
inline constexpr uint64_t kColdShare = 4;
// And whatever is larger than memory / kMemoryShare would only push other data out.
inline constexpr uint64_t kMemoryShare = 2;

// Less than this is copied faster than two disks are asked, claimed and their first copy is compared.
inline constexpr uint64_t kSmallestByDisks = uint64_t{1} << 20;

// Blocks of zeros that --sparse=always looks for: the unit of allocation within these bounds.
inline constexpr uint64_t kSmallestHole = uint64_t{4} << 10;
inline constexpr uint64_t kLargestHole = uint64_t{64} << 10;

}  // namespace libcopyfile::cost
