// What initiators say about the cache: PRE-FETCH (SBC-3 5.8) and SYNCHRONIZE CACHE (5.22).
#include "target/block_handlers.h"
#include "target/block_request.h"
#include "target/device.h"

namespace libcopyfile::target {
namespace {

constexpr unsigned kImmediate = 1;  // bit of byte 1

// 0 blocks mean all from the LBA on.
BlockRequest up_to_the_end(const LogicalUnit& unit, BlockRequest request) {
  if (request.blocks == 0) request.blocks = unit.blocks() - request.lba;
  return request;
}

}  // namespace

Handled prefetch_blocks(Context& context) {
  LogicalUnit& unit = *context.unit;
  const BlockRequest request = BlockRequest::of(context.cdb());
  if (auto beyond = beyond_end(unit, request.lba, request.blocks)) return beyond;
  if (context.may_block == MayBlock::no) return std::nullopt;
  const Done done = unit.image().prefetch(bytes_of(unit, up_to_the_end(unit, request)));
  return done ? Outcome::of(Status::condition_met) : outcome_of(done.error());
}

Handled synchronize_cache(Context& context) {
  LogicalUnit& unit = *context.unit;
  const BlockRequest request = BlockRequest::of(context.cdb());
  if (auto beyond = beyond_end(unit, request.lba, request.blocks)) return beyond;
  if (context.cdb().bit(1, kImmediate)) {
    // If it fails, the next command that asks for stable data is told: a failed flush is never forgotten.
    const auto flush = [image = unit.shared_image()] { (void)image->flush(); };
    if (context.device.executor().run_io(flush)) return Outcome::good();
  }
  if (context.may_block == MayBlock::no) return std::nullopt;
  const Done done = unit.image().flush();
  return done ? Outcome::good() : outcome_of(done.error());
}

}  // namespace libcopyfile::target
