#include "plan/split.h"

namespace libcopyfile {

void RangeList::add(const CopyRange& range) {
  if (range.length == 0) return;
  bytes_ += range.length;
  if (!ranges_.empty()) {
    CopyRange& last = ranges_.back();
    if (last.in + last.length == range.in && last.out + last.length == range.out) {
      last.length += range.length;
      return;
    }
  }
  ranges_.push_back(range);
}

AlignedParts split_aligned(const CopyRange& range, uint64_t alignment) {
  AlignedParts parts;
  if (range.in % alignment != range.out % alignment) {
    parts.head = range;
    return parts;
  }
  const uint64_t to_edge = (alignment - range.in % alignment) % alignment;
  const uint64_t head = std::min(to_edge, range.length);
  const uint64_t core = align_down(range.length - head, alignment);
  parts.head = range.part(0, head);
  parts.core = range.part(head, core);
  parts.tail = range.part(head + core, range.length);
  return parts;
}

void split_by_extent(const CopyRange& range, const ExtentMap& map,
                     const std::function<void(const CopyRange&, ExtentKind)>& each) {
  const uint64_t end = range.in + range.length;
  uint64_t at = range.in;
  const auto emit = [&](uint64_t until, ExtentKind kind) {
    if (until > at) each(range.part(at - range.in, until - at), kind);
    at = std::max(at, until);
  };
  for (auto e = map.find(at); e != map.all().end() && e->range.begin < end; ++e) {
    emit(e->range.begin, ExtentKind::data);
    emit(std::min(e->range.end, end), e->kind);
  }
  emit(end, ExtentKind::data);
}

}  // namespace libcopyfile
