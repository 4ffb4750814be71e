#include "base/range_set.h"

#include <algorithm>

namespace libcopyfile {

void RangeSet::add(Range range) {
  if (range.empty()) return;
  if (!ranges_.empty()) {
    Range& last = ranges_.back();
    if (normal_ && range.begin >= last.begin && range.begin <= last.end) {
      last.end = std::max(last.end, range.end);
      return;
    }
    if (range.begin < last.begin) normal_ = false;
  }
  ranges_.push_back(range);
}

void RangeSet::normalize() const {
  if (normal_) return;
  std::sort(ranges_.begin(), ranges_.end(),
            [](const Range& a, const Range& b) { return a.begin < b.begin; });
  size_t last = 0;
  for (size_t i = 1; i < ranges_.size(); ++i) {
    if (ranges_[i].begin <= ranges_[last].end) {
      ranges_[last].end = std::max(ranges_[last].end, ranges_[i].end);
    } else {
      ranges_[++last] = ranges_[i];
    }
  }
  ranges_.resize(ranges_.empty() ? 0 : last + 1);
  normal_ = true;
}

uint64_t RangeSet::end_of_run(uint64_t offset) const {
  normalize();
  const auto after = std::upper_bound(ranges_.begin(), ranges_.end(), offset,
                                      [](uint64_t o, const Range& r) { return o < r.begin; });
  if (after == ranges_.begin()) return offset;
  return std::max(offset, std::prev(after)->end);
}

std::vector<CopyRange> RangeSet::missing(std::span<const CopyRange> ranges) const {
  normalize();
  std::vector<CopyRange> result;
  auto done = ranges_.begin();
  for (const CopyRange& r : ranges) {
    const Range out = r.destination();
    uint64_t at = out.begin;
    while (done != ranges_.end() && done->end <= at) ++done;
    for (auto d = done; at < out.end; ++d) {
      const uint64_t gap_end =
          d == ranges_.end() ? out.end : std::min(out.end, std::max(at, d->begin));
      if (gap_end > at) result.push_back(r.part(at - out.begin, gap_end - at));
      at = gap_end;
      if (d == ranges_.end()) break;
      at = std::max(at, std::min(d->end, out.end));
    }
  }
  return result;
}

}  // namespace libcopyfile
