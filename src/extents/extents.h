// One map of what a file holds: data, holes, and unwritten (preallocated) extents. Data: ascending, disjoint, coalesced,
// clipped. read_extents.h makes it.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/range.h"

namespace libcopyfile {

enum class ExtentKind : uint8_t { data, hole, unwritten };

struct Extent {
  Range range;
  ExtentKind kind = ExtentKind::data;
  bool operator==(const Extent&) const = default;
};

// Refuses what is not ascending and disjoint: file systems and FUSE servers have been seen to answer nonsense, and a map
// with holes in the wrong place loses data.
class ExtentMap {
 public:
  // Appends; adjacent extents of one kind become one. False, and nothing changed, if `e` begins before the end of the last
  // one, or is empty.
  bool append(const Extent& e);
  std::span<const Extent> all() const { return extents_; }
  bool empty() const { return extents_.empty(); }
  // The first extent that ends behind `offset`, or all().end().
  std::span<const Extent>::iterator find(uint64_t offset) const;

 private:
  std::vector<Extent> extents_;
};

}  // namespace libcopyfile
