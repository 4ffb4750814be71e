#include "base/range.h"

namespace libcopyfile {

std::vector<CopyRange> remaining(std::span<const CopyRange> ranges, uint64_t skip) {
  std::vector<CopyRange> rest;
  for (const CopyRange& r : ranges) {
    if (skip >= r.length) {
      skip -= r.length;
      continue;
    }
    rest.push_back(r.part(skip, r.length));
    skip = 0;
  }
  return rest;
}

}  // namespace libcopyfile
