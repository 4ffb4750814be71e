#include "plan/validate.h"

#include <algorithm>

namespace libcopyfile {
namespace {

bool before_in_destination(const CopyRange& a, const CopyRange& b) { return a.out < b.out; }

bool follows(const CopyRange& a, const CopyRange& b) {
  return a.out + a.length == b.out && a.in + a.length == b.in;
}

// Whether any destination shares a byte with any source. `sorted` is in the order of destinations, which are disjoint.
bool reads_what_it_writes(const std::vector<CopyRange>& sorted) {
  std::vector<Range> sources;
  sources.reserve(sorted.size());
  for (const CopyRange& r : sorted) sources.push_back(r.source());
  std::sort(sources.begin(), sources.end(),
            [](const Range& a, const Range& b) { return a.begin < b.begin; });
  size_t at = 0;
  uint64_t reach = 0;  // sources may overlap each other: the furthest end so far
  for (const CopyRange& r : sorted) {
    const Range out = r.destination();
    while (at < sources.size() && sources[at].begin < out.end) {
      reach = std::max(reach, sources[at].end);
      ++at;
    }
    if (reach > out.begin) {
      // Some source that begins before out.end reaches past out.begin.
      return true;
    }
  }
  return false;
}

}  // namespace

Result<std::vector<CopyRange>> validate_ranges(std::span<const CopyRange> ranges, bool same_file) {
  std::vector<CopyRange> sorted;
  sorted.reserve(ranges.size());
  bool ascending = true;
  for (const CopyRange& r : ranges) {
    if (!Range::at(r.in, r.length) || !Range::at(r.out, r.length)) {
      return fail(EOVERFLOW, Op::validate, Range{r.in, r.in});
    }
    if (r.length == 0) continue;
    ascending = ascending && (sorted.empty() || sorted.back().out <= r.out);
    if (ascending && !sorted.empty() && follows(sorted.back(), r)) {
      sorted.back().length += r.length;
    } else {
      sorted.push_back(r);
    }
  }
  if (!ascending) std::sort(sorted.begin(), sorted.end(), before_in_destination);

  std::vector<CopyRange> merged;
  merged.reserve(sorted.size());
  for (const CopyRange& r : sorted) {
    if (!merged.empty() && merged.back().destination().end > r.out) {
      return fail(EINVAL, Op::validate, Range{r.out, r.out + r.length});
    }
    if (!merged.empty() && follows(merged.back(), r)) {
      merged.back().length += r.length;
    } else {
      merged.push_back(r);
    }
  }
  if (same_file && reads_what_it_writes(merged))
    return fail(EINVAL, Op::validate, merged.front().source());
  return merged;
}

}  // namespace libcopyfile
