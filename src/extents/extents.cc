#include "extents/extents.h"

#include <algorithm>

namespace libcopyfile {

bool ExtentMap::append(const Extent& e) {
  if (e.range.begin >= e.range.end) return false;
  if (!extents_.empty()) {
    Extent& last = extents_.back();
    if (e.range.begin < last.range.end) return false;
    if (e.range.begin == last.range.end && e.kind == last.kind) {
      last.range.end = e.range.end;
      return true;
    }
  }
  extents_.push_back(e);
  return true;
}

std::span<const Extent>::iterator ExtentMap::find(uint64_t offset) const {
  const std::span<const Extent> all(extents_);
  return std::upper_bound(all.begin(), all.end(), offset,
                          [](uint64_t o, const Extent& e) { return o < e.range.end; });
}

}  // namespace libcopyfile
