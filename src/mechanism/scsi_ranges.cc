#include "mechanism/scsi_ranges.h"

#include <algorithm>

namespace libcopyfile {

std::optional<CopyRange> RangeWalk::peek(uint64_t bytes) const {
  if (at_end()) return std::nullopt;
  const CopyRange rest = ranges_[index_].part(offset_, UINT64_MAX);
  if (rest.in % granularity_ != 0 || rest.out % granularity_ != 0) return std::nullopt;
  const uint64_t whole = align_down(rest.length, granularity_);
  if (whole == 0) return std::nullopt;
  const uint64_t most = std::max(align_down(bytes, granularity_), granularity_);
  return rest.part(0, std::min(whole, most));
}

void RangeWalk::skip(uint64_t length) {
  offset_ += length;
  while (index_ < ranges_.size() && offset_ >= ranges_[index_].length) {
    offset_ -= ranges_[index_].length;
    ++index_;
  }
}

std::vector<wire::BlockRange> block_ranges(std::span<const CopyRange> pieces, bool source,
                                           uint64_t skip, uint64_t length, uint32_t block,
                                           size_t most) {
  std::vector<wire::BlockRange> result;
  for (const CopyRange& piece : pieces) {
    if (length == 0) break;
    if (skip >= piece.length) {
      skip -= piece.length;
      continue;
    }
    const CopyRange part = piece.part(skip, length);
    skip = 0;
    length -= part.length;
    uint64_t lba = (source ? part.in : part.out) / block;
    uint64_t blocks = part.length / block;
    while (blocks > 0) {
      wire::BlockRange* last = result.empty() ? nullptr : &result.back();
      const bool joins = last != nullptr && last->lba + last->blocks == lba;
      if (!joins || last->blocks == UINT32_MAX) {
        if (result.size() == most) return result;
        last = &result.emplace_back(wire::BlockRange{lba, 0});
      }
      const auto more =
          static_cast<uint32_t>(std::min<uint64_t>(blocks, UINT32_MAX - uint64_t{last->blocks}));
      last->blocks += more;
      lba += more;
      blocks -= more;
    }
  }
  return result;
}

uint64_t total_blocks(std::span<const wire::BlockRange> ranges) {
  uint64_t sum = 0;
  for (const wire::BlockRange& range : ranges) sum += range.blocks;
  return sum;
}

}  // namespace libcopyfile
