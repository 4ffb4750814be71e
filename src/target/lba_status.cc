// GET LBA STATUS (SBC-3 5.3): which blocks are mapped.
#include <algorithm>

#include "target/block_handlers.h"
#include "target/block_request.h"

namespace libcopyfile::target {
namespace {

constexpr size_t kHeader = 8;
constexpr size_t kDescriptor = 16;
constexpr uint64_t kMostDescriptors = 256;  // two system calls each
constexpr uint8_t kMapped = 0, kDeallocated = 1;

struct BlockStatus {
  uint64_t blocks = 0;
  bool mapped = true;
};

// The run of blocks at `lba`. A block that is mapped in part is mapped.
Result<BlockStatus> status_at(const LogicalUnit& unit, uint64_t lba, uint64_t end) {
  const uint64_t length = unit.block_length();
  const Result<Image::Run> run = unit.image().run_at(lba * length, end * length);
  if (!run) return fail(run.error());
  const uint64_t whole = run->end / length - lba;
  if (!run->mapped && whole > 0) return BlockStatus{whole, false};
  return BlockStatus{(run->end + length - 1) / length - lba, true};
}

// As many runs as are asked for; neighbours of one kind are one.
Result<std::vector<BlockStatus>> statuses(const LogicalUnit& unit, uint64_t lba, uint64_t most) {
  std::vector<BlockStatus> found;
  // NUMBER OF LOGICAL BLOCKS has 32 bits.
  const uint64_t end = std::min(unit.blocks(), lba + UINT32_MAX);
  while (lba < end) {
    const Result<BlockStatus> next = status_at(unit, lba, end);
    if (!next) return fail(next.error());
    lba += next->blocks;
    if (!found.empty() && found.back().mapped == next->mapped) {
      found.back().blocks += next->blocks;
      continue;
    }
    if (found.size() == most) break;
    found.push_back(*next);
  }
  return found;
}

}  // namespace

Handled get_lba_status(Context& context) {
  LogicalUnit& unit = *context.unit;
  const wire::View cdb = context.cdb();
  const uint64_t lba = cdb.be64(2);
  const uint32_t allocation = cdb.be32(10);
  if (auto beyond = beyond_end(unit, lba, 1)) return beyond;
  if (context.may_block == MayBlock::no) return std::nullopt;
  const uint64_t room = allocation < kHeader ? 0 : (allocation - kHeader) / kDescriptor;
  const auto found = statuses(unit, lba, std::clamp<uint64_t>(room, 1, kMostDescriptors));
  if (!found) return outcome_of(found.error());
  wire::Bytes data(kHeader + found->size() * kDescriptor);
  wire::Writer out(data);
  out.be32(0, static_cast<uint32_t>(data.size() - 4));
  uint64_t next = lba;
  for (size_t i = 0; i < found->size(); ++i) {
    const size_t at = kHeader + i * kDescriptor;
    out.be64(at, next);
    out.be32(at + 8, static_cast<uint32_t>((*found)[i].blocks));
    out.u8(at + 12, (*found)[i].mapped ? kMapped : kDeallocated);
    next += (*found)[i].blocks;
  }
  context.answer(data, allocation);
  return Outcome::good();
}

}  // namespace libcopyfile::target
