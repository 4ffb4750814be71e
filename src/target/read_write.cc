// READ and WRITE (SBC-3 5.9 to 5.12, 5.31 to 5.34).
#include "target/block_handlers.h"
#include "target/block_request.h"

namespace libcopyfile::target {

Handled read_blocks(Context& context) {
  LogicalUnit& unit = *context.unit;
  const BlockRequest request = BlockRequest::of(context.cdb());
  if (auto refusal = check_blocks(unit, request, block_limits(unit).max_transfer)) return refusal;
  const Range range = bytes_of(unit, request);
  // A disk that lost what it has not written must not tell what is in memory only.
  if (request.fua && !range.empty()) {
    if (context.may_block == MayBlock::no) return std::nullopt;
    if (!unit.read_only()) {
      if (Done ok = unit.image().flush(); !ok) return outcome_of(ok.error());
    }
  }
  Task& task = context.task;
  task.transfer_length = range.length();
  if (range.empty()) return Outcome::good();
  // There from the first attempt where this is the second.
  if (task.data_in.size() != range.length()) task.data_in = TransferBuffer(range.length());
  if (task.data_in.size() == 0) return Outcome::of(Status::busy);
  const Done done = unit.image().read(range.begin, task.data_in.span(), context.may_block);
  if (!done && done.error().code == EAGAIN && context.may_block == MayBlock::no) {
    return std::nullopt;
  }
  if (!done) return outcome_of(done.error());
  unit.counters().reads.fetch_add(1, std::memory_order_relaxed);
  unit.counters().read_bytes.fetch_add(range.length(), std::memory_order_relaxed);
  return Outcome::good();
}

Handled write_blocks(Context& context) {
  LogicalUnit& unit = *context.unit;
  const BlockRequest request = BlockRequest::of(context.cdb());
  if (auto refusal = check_write(unit, request)) return refusal;
  const Range range = bytes_of(unit, request);
  context.task.transfer_length = range.length();
  // An initiator that announced less than the CDB says gets that written, in whole blocks, and a residual count.
  const uint64_t here = std::min<uint64_t>(context.data_out().size(), range.length());
  const auto data = context.data_out().span().first(align_down(here, unit.block_length()));
  if (data.empty()) return Outcome::good();
  if (context.may_block == MayBlock::no && must_be_stable(context, request)) return std::nullopt;
  Done done;
  {
    const auto hold = lock_for_write(context, {range.begin, range.begin + data.size()});
    if (!hold) return std::nullopt;
    done = write_locked(context, range.begin, data);
  }
  if (!done && done.error().code == EAGAIN && context.may_block == MayBlock::no) {
    return std::nullopt;
  }
  return written(context, request, done);
}

}  // namespace libcopyfile::target
