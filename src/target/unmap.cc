// UNMAP (SBC-3 5.28).
#include <algorithm>

#include "target/block_handlers.h"
#include "target/block_request.h"
#include "wire/sense_codes.h"

namespace libcopyfile::target {
namespace {

using namespace wire::codes;

constexpr size_t kHeader = 8;
constexpr size_t kDescriptor = 16;
constexpr uint64_t kPiece = uint64_t{1} << 30;  // between two looks at whether it was aborted

using Ranges = std::vector<BlockRequest>;

// The descriptors of a list that is all there.
wire::Decoded<Ranges> decode(wire::View list, const wire::BlockLimits& limits) {
  if (list.size() < kHeader) return tl::unexpected(wire::refusal(kParameterListLength));
  const size_t length = list.be16(2);
  if (length > list.size() - kHeader) return tl::unexpected(wire::refusal(kParameterListLength));
  // UNMAP DATA LENGTH counts what follows it.
  if (list.be16(0) < length + kHeader - 2)
    return tl::unexpected(wire::refusal_at(kInvalidFieldInList, 0));
  // What is left of a last descriptor that is not whole is ignored.
  const size_t count = length / kDescriptor;
  if (count > limits.max_unmap_descriptors) {
    return tl::unexpected(wire::refusal_at(kInvalidFieldInList, 2));
  }
  Ranges ranges;
  uint64_t blocks = 0;
  for (size_t i = 0; i < count; ++i) {
    const size_t at = kHeader + i * kDescriptor;
    ranges.push_back({list.be64(at), list.be32(at + 8)});
    blocks += ranges.back().blocks;
    if (blocks > limits.max_unmap_blocks) {
      return tl::unexpected(wire::refusal_at(kInvalidFieldInList, at + 8));
    }
  }
  return ranges;
}

// Before the first block is gone.
std::optional<Outcome> validate(const LogicalUnit& unit, const Ranges& ranges) {
  for (const BlockRequest& range : ranges) {
    // None at the very end is all right: initiators round.
    if (range.blocks == 0 && range.lba == unit.blocks()) continue;
    if (auto beyond = beyond_end(unit, range.lba, range.blocks)) return beyond;
  }
  return std::nullopt;
}

Done unmap_range(Context& context, Range range) {
  const auto hold = lock_for_write(context, range);
  context.unit->about_to_write(range);
  for (uint64_t at = range.begin; at < range.end && !context.aborted;) {
    const uint64_t end = std::min(range.end, at + kPiece);
    if (Done ok = context.unit->image().zero({at, end}, true); !ok) return ok;
    context.unit->counters().unmapped_bytes.fetch_add(end - at, std::memory_order_relaxed);
    at = end;
  }
  return {};
}

}  // namespace

Handled unmap(Context& context) {
  LogicalUnit& unit = *context.unit;
  if (!unit.options().thin) return Outcome::refused(wire::refusal_of_cdb(kInvalidOperation, 0));
  if (auto refusal = check_writable(unit)) return refusal;
  const uint16_t length = context.cdb().be16(7);
  context.task.transfer_length = length;
  if (length == 0) return Outcome::good();
  if (context.data_out().size() < length) return Outcome::refused(kWrongDataLength);
  const auto ranges = decode(context.data_out().part(0, length), block_limits(unit));
  if (!ranges) return Outcome::refused(ranges.error());
  if (auto refusal = validate(unit, *ranges)) return refusal;
  if (context.may_block == MayBlock::no && !ranges->empty()) return std::nullopt;
  Done done;
  for (const BlockRequest& range : *ranges) {
    if (range.blocks == 0) continue;
    done = unmap_range(context, bytes_of(unit, range));
    if (context.aborted) return Outcome::of(Status::task_aborted);
    if (!done) break;
  }
  return written(context, {}, done);
}

}  // namespace libcopyfile::target
