// Cuts ranges at the edges where what can be done with them changes.
#pragma once

#include <functional>
#include <vector>

#include "base/range.h"
#include "extents/extents.h"

namespace libcopyfile {

// Ranges of one treatment, kept in the order of the destination; adjacent ones are joined.
class RangeList {
 public:
  void add(const CopyRange& range);
  bool empty() const { return ranges_.empty(); }
  uint64_t bytes() const { return bytes_; }
  std::vector<CopyRange> take() { return std::move(ranges_); }
  const std::vector<CopyRange>& all() const { return ranges_; }

 private:
  std::vector<CopyRange> ranges_;
  uint64_t bytes_ = 0;
};

// Head up to the first offset that is aligned in source and destination, aligned core, tail. Where the two offsets can't be
// aligned together, everything is head.
struct AlignedParts {
  CopyRange head, core, tail;
};
AlignedParts split_aligned(const CopyRange& range, uint64_t alignment);

// Calls `each` for the pieces of `range`, in order, by what `map` says of the source; what it does not cover is data.
void split_by_extent(const CopyRange& range, const ExtentMap& map,
                     const std::function<void(const CopyRange&, ExtentKind)>& each);

}  // namespace libcopyfile
