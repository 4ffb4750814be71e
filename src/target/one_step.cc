// Commands that read and write in one step, which nobody else gets between: COMPARE AND WRITE (SBC-3 5.2) and ORWRITE (5.7).
#include "target/block_handlers.h"
#include "target/block_request.h"
#include "wire/sense_codes.h"

namespace libcopyfile::target {
namespace {

constexpr size_t kBlocks = 13;  // NUMBER OF LOGICAL BLOCKS of COMPARE AND WRITE

}  // namespace

Handled or_write(Context& context) {
  LogicalUnit& unit = *context.unit;
  const BlockRequest request = BlockRequest::of(context.cdb());
  if (auto refusal = check_write(unit, request)) return refusal;
  const Range range = bytes_of(unit, request);
  context.task.transfer_length = range.length();
  const auto data = context.data_out().span();
  if (data.size() < range.length()) return Outcome::refused(wire::codes::kWrongDataLength);
  if (range.empty()) return Outcome::good();
  if (context.may_block == MayBlock::no) return std::nullopt;
  TransferBuffer buffer(range.length());
  if (buffer.size() == 0) return Outcome::of(Status::busy);
  Done done;
  {
    const auto hold = lock_for_write(context, range);
    if (Done ok = unit.image().read(range.begin, buffer.span(), MayBlock::yes); !ok) {
      return outcome_of(ok.error());
    }
    for (size_t i = 0; i < buffer.size(); ++i) buffer.span()[i] |= data[i];
    done = write_locked(context, range.begin, buffer.span());
  }
  return written(context, request, done);
}

Handled compare_and_write(Context& context) {
  LogicalUnit& unit = *context.unit;
  BlockRequest request = BlockRequest::of(context.cdb());
  request.blocks = context.cdb().u8(kBlocks);
  if (auto refusal = check_writable(unit)) return refusal;
  if (auto refusal = check_blocks(unit, request, block_limits(unit).max_compare_and_write)) {
    return refusal;
  }
  const Range range = bytes_of(unit, request);
  const auto data = context.data_out().span();
  context.task.transfer_length = 2 * range.length();
  // Where its halves meet is told by the number of blocks: another length means that one of the two is wrong.
  if (data.size() != 2 * range.length()) {
    return Outcome::refused(wire::refusal_of_cdb(wire::codes::kInvalidFieldInCdb, kBlocks));
  }
  if (range.empty()) return Outcome::good();
  if (context.may_block == MayBlock::no) return std::nullopt;
  Done done;
  {
    const auto hold = lock_for_write(context, range);
    Outcome outcome = compare(context, range,
                              [&](uint64_t at, size_t length) { return data.subspan(at, length); });
    if (outcome.status != Status::good) return outcome;
    done = write_locked(context, range.begin, data.subspan(range.length()));
  }
  return written(context, request, done);
}

}  // namespace libcopyfile::target
