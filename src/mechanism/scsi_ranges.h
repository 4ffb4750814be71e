// Walks a vector of ranges as the storage wants it: in whole units, in pieces of at most so many bytes.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "base/range.h"
#include "wire/rod_token.h"

namespace libcopyfile {

class RangeWalk {
 public:
  RangeWalk(std::span<const CopyRange> ranges, uint64_t granularity)
      : ranges_(ranges), granularity_(granularity) {}

  // The next piece, at most `bytes` (at least one unit): nothing at the end, and where what comes next is not in whole units.
  std::optional<CopyRange> peek(uint64_t bytes) const;
  // REQUIRES piece.length bytes as peek() gave them.
  void skip(uint64_t length);
  bool at_end() const { return index_ == ranges_.size(); }

 private:
  std::span<const CopyRange> ranges_;
  uint64_t granularity_;
  size_t index_ = 0;
  uint64_t offset_ = 0;  // into ranges_[index_]
};

// One side of pieces, in blocks: those that cover `length` bytes behind the first `skip`, at most `most` of them. Neighbours
// are joined.
std::vector<wire::BlockRange> block_ranges(std::span<const CopyRange> pieces, bool source,
                                           uint64_t skip, uint64_t length, uint32_t block,
                                           size_t most);
uint64_t total_blocks(std::span<const wire::BlockRange> ranges);

}  // namespace libcopyfile
