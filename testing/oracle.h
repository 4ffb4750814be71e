// The byte-by-byte oracle: what a file should hold, kept in memory as simply as can be. Sparse: what was never written
// costs nothing, so a file of 1 TiB with some islands of data can be modelled.
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "base/range.h"

namespace libcopyfile::test {

class Oracle {
 public:
  uint64_t size() const { return size_; }
  // As ftruncate(2).
  void truncate(uint64_t size);
  // As pwrite(2): grows the file.
  void write(uint64_t offset, std::span<const std::byte> bytes);
  // Writes the stamps of `file` for these offsets (stamped.h), or for those at `stamps_from`.
  void write_stamped(Range range, uint8_t file) { write_stamped(range, file, range.begin); }
  void write_stamped(Range range, uint8_t file, uint64_t stamps_from);
  // Zeros; grows the file.
  void zero(Range range);
  // What copying one range from `source` makes of this file: cut at the source's end. `source` may be this file, if the
  // ranges don't overlap. Returns the bytes copied.
  uint64_t copy(const Oracle& source, const CopyRange& range);

  // Bytes behind the end are zero.
  void read(uint64_t offset, std::span<std::byte> into) const;
  // Where something was written, in order, in units of 64 KiB. All else is zero.
  std::vector<Range> written() const;

 private:
  static constexpr uint64_t kChunk = 65536;
  using Chunk = std::vector<std::byte>;

  std::map<uint64_t, Chunk> chunks_;  // by offset / kChunk
  uint64_t size_ = 0;
};

enum class Trust : uint8_t {
  nothing,  // read every byte
  holes,    // skip what SEEK_DATA calls a hole and the oracle never wrote
};

// EXPECT_TRUE(holds(fd, oracle)): same size, same bytes. Else says where the first difference is, what should be there
// and what is: "at 4096 of 8192: should be byte 4096 of file 1, is zero (and 511 more bytes differ ...)".
::testing::AssertionResult holds(int fd, const Oracle& oracle, Trust trust = Trust::nothing);

}  // namespace libcopyfile::test
