// Which bytes are done: a set of disjoint ranges.
#pragma once

#include <span>
#include <vector>

#include "base/range.h"

namespace libcopyfile {

class RangeSet {
 public:
  // Cheap when ranges come in ascending order; else they are sorted when the set is asked.
  void add(Range range);
  // The end of the run of bytes in the set that begins at `offset`; `offset` if it is not in the set.
  uint64_t end_of_run(uint64_t offset) const;
  // What of `ranges` (in the order of their disjoint destinations) has its destination outside the set, in that order.
  std::vector<CopyRange> missing(std::span<const CopyRange> ranges) const;

 private:
  void normalize() const;

  mutable std::vector<Range> ranges_;
  mutable bool normal_ = true;
};

}  // namespace libcopyfile
