// WRITE SAME (SBC-3 5.41, 5.42): one block again and again; zeros, for those who format, and holes.
#include <algorithm>
#include <cstring>

#include "mechanism/zeros.h"
#include "target/block_handlers.h"
#include "target/block_request.h"
#include "wire/sense_codes.h"

namespace libcopyfile::target {
namespace {

constexpr unsigned kUnmap = 3, kNoDataOut = 0;  // bits of byte 1
constexpr uint8_t kSixteen = 0x93;
constexpr uint64_t kZeroPiece = uint64_t{64} << 20;
constexpr uint64_t kWritePiece = uint64_t{1} << 20;

struct WriteSame {
  BlockRequest blocks;
  bool unmap = false;
  bool no_data = false;
};

WriteSame decode(wire::View cdb) {
  WriteSame request{BlockRequest::of(cdb), cdb.bit(1, kUnmap), false};
  request.no_data = cdb.u8(0) == kSixteen && cdb.bit(1, kNoDataOut);
  // ANCHOR is where other commands have DPO, UNMAP where they have FUA.
  request.blocks.dpo = request.blocks.fua = false;
  return request;
}

// With the number of blocks filled in that 0 stands for.
std::optional<Outcome> validate(const LogicalUnit& unit, WriteSame& request) {
  const wire::BlockLimits limits = block_limits(unit);
  if (auto refusal = check_writable(unit)) return refusal;
  if (auto beyond = beyond_end(unit, request.blocks.lba, request.blocks.blocks)) return beyond;
  if (request.blocks.blocks == 0) {
    if (limits.write_same_needs_count) return Outcome::refused(wire::codes::kInvalidFieldInCdb);
    request.blocks.blocks = unit.blocks() - request.blocks.lba;
  }
  if (request.unmap && !unit.options().thin) {
    return Outcome::refused(wire::refusal_of_cdb(wire::codes::kInvalidFieldInCdb, 1));
  }
  return check_blocks(unit, request.blocks, limits.max_write_same);
}

Done zero(Context& context, Range range, bool unmap) {
  for (uint64_t at = range.begin; at < range.end && !context.aborted;) {
    const uint64_t end = std::min(range.end, at + kZeroPiece);
    if (Done ok = context.unit->image().zero({at, end}, unmap); !ok) return ok;
    at = end;
  }
  return {};
}

Done fill(Context& context, Range range, std::span<const uint8_t> block) {
  // Whole blocks only.
  const uint64_t piece =
      std::min(range.length(), align_down(std::max(kWritePiece, block.size()), block.size()));
  TransferBuffer buffer(piece);
  if (buffer.size() == 0) return fail(ENOMEM, Op::write);
  for (size_t at = 0; at < buffer.size(); at += block.size()) {
    std::memcpy(buffer.span().data() + at, block.data(), block.size());
  }
  for (uint64_t at = range.begin; at < range.end && !context.aborted;) {
    const auto data = buffer.span().first(std::min<uint64_t>(piece, range.end - at));
    if (Done ok = context.unit->image().write(at, data, MayBlock::yes); !ok) return ok;
    at += data.size();
  }
  return {};
}

}  // namespace

Handled write_same(Context& context) {
  LogicalUnit& unit = *context.unit;
  WriteSame request = decode(context.cdb());
  if (auto refusal = validate(unit, request)) return refusal;
  context.task.transfer_length = request.no_data ? 0 : unit.block_length();
  const auto block = context.data_out().span();
  if (!request.no_data && block.size() != unit.block_length()) {
    return Outcome::refused(wire::codes::kWrongDataLength);
  }
  if (context.may_block == MayBlock::no) return std::nullopt;
  const Range range = bytes_of(unit, request.blocks);
  const bool zeros = request.no_data || all_zero(std::as_bytes(block));
  Done done;
  {
    const auto hold = lock_for_write(context, range);
    unit.about_to_write(range);
    done = zeros ? zero(context, range, request.unmap) : fill(context, range, block);
  }
  if (context.aborted) return Outcome::of(Status::task_aborted);
  if (done) {
    auto& counter =
        zeros && request.unmap ? unit.counters().unmapped_bytes : unit.counters().written_bytes;
    counter.fetch_add(range.length(), std::memory_order_relaxed);
  }
  return written(context, request.blocks, done);
}

}  // namespace libcopyfile::target
