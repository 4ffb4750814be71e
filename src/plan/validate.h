// Checks a vector of ranges as a whole, before the first byte.
#pragma once

#include <span>
#include <vector>

#include "base/error.h"
#include "base/range.h"

namespace libcopyfile {

// The ranges in the order of their destinations, adjacent ones made one, empty ones left out. That cannot change the result,
// because destinations are disjoint and nothing is both read and written. 1,000,000 adjacent ranges become one.
//   EOVERFLOW  the end of a range is no file offset
//   EINVAL     destinations overlap; or, with same_file, a destination overlaps a source
Result<std::vector<CopyRange>> validate_ranges(std::span<const CopyRange> ranges, bool same_file);

}  // namespace libcopyfile
