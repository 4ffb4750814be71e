#include "target/rod.h"

#include <algorithm>

namespace libcopyfile::target {

Rod::Rod(wire::RodType type, const std::shared_ptr<LogicalUnit>& source,
         std::shared_ptr<Image> image, std::vector<Range> parts)
    : type_(type),
      source_(source),
      image_(std::move(image)),
      parts_(std::move(parts)),
      block_length_(source ? source->block_length() : 0) {
  for (const Range& part : parts_) length_ += part.length();
}

void Rod::written(Range bytes) {
  const auto hit = [&](const Range& part) { return part.overlaps(bytes); };
  if (std::any_of(parts_.begin(), parts_.end(), hit)) revoked_ = true;
}

std::vector<Range> Rod::parts(uint64_t begin, uint64_t length) const {
  std::vector<Range> found;
  for (const Range& part : parts_) {
    if (length == 0) break;
    if (begin >= part.length()) {
      begin -= part.length();
      continue;
    }
    const uint64_t take = std::min(length, part.length() - begin);
    found.push_back({part.begin + begin, part.begin + begin + take});
    begin = 0;
    length -= take;
  }
  return found;
}

}  // namespace libcopyfile::target
