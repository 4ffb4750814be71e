// VERIFY and WRITE AND VERIFY (SBC-3 5.24 to 5.26, 5.36 to 5.38).
#include "target/block_handlers.h"
#include "target/block_request.h"
#include "wire/sense_codes.h"

namespace libcopyfile::target {
namespace {

// BYTCHK, bits 2 and 1 of byte 1.
enum class Check : uint8_t { medium = 0, all = 1, reserved = 2, one_block = 3 };

Check check_of(wire::View cdb) { return static_cast<Check>(cdb.u8(1) >> 1 & 3); }

Outcome wrong_check() {
  wire::Sense sense = wire::refusal_of_cdb(wire::codes::kInvalidFieldInCdb, 1);
  sense.pointer->bit = uint8_t{2};
  return Outcome::refused(std::move(sense));
}

Expected all_of(std::span<const uint8_t> data) {
  return [data](uint64_t done, size_t length) { return data.subspan(done, length); };
}

// The same block again and again.
Expected blocks_of(std::span<const uint8_t> block) {
  return [block](uint64_t done, size_t length) {
    const auto rest = block.subspan(done % block.size());
    return rest.first(std::min(rest.size(), length));
  };
}

}  // namespace

Handled verify_blocks(Context& context) {
  LogicalUnit& unit = *context.unit;
  const BlockRequest request = BlockRequest::of(context.cdb());
  const Check check = check_of(context.cdb());
  if (check == Check::reserved) return wrong_check();
  if (auto refusal = check_blocks(unit, request, block_limits(unit).max_transfer)) return refusal;
  const Range range = bytes_of(unit, request);
  uint64_t needed = 0;
  if (check == Check::all) needed = range.length();
  if (check == Check::one_block && !range.empty()) needed = unit.block_length();
  context.task.transfer_length = needed;
  const auto data = context.data_out().span();
  if (data.size() < needed) return Outcome::refused(wire::codes::kWrongDataLength);
  if (range.empty()) return Outcome::good();
  if (context.may_block == MayBlock::no) return std::nullopt;
  switch (check) {
    case Check::all: return compare(context, range, all_of(data));
    case Check::one_block: return compare(context, range, blocks_of(data.first(needed)));
    default: return compare(context, range, nullptr);
  }
}

Handled write_and_verify(Context& context) {
  LogicalUnit& unit = *context.unit;
  const BlockRequest asked = BlockRequest::of(context.cdb());
  const Check check = check_of(context.cdb());
  if (check != Check::medium && check != Check::all) return wrong_check();
  // Byte 1 has no FUA: what is verified is what is on the medium.
  BlockRequest request = asked;
  request.fua = true;
  if (auto refusal = check_write(unit, request)) return refusal;
  const Range range = bytes_of(unit, request);
  context.task.transfer_length = range.length();
  const uint64_t here = std::min<uint64_t>(context.data_out().size(), range.length());
  const auto data = context.data_out().span().first(align_down(here, unit.block_length()));
  if (data.empty()) return Outcome::good();
  if (context.may_block == MayBlock::no) return std::nullopt;
  const Range to{range.begin, range.begin + data.size()};
  // Held to the end: what another command writes meanwhile would be no miscompare of this one.
  const auto hold = lock_for_write(context, to);
  Outcome outcome = written(context, request, write_locked(context, to.begin, data));
  if (!outcome.ok()) return outcome;
  return compare(context, to, check == Check::all ? all_of(data) : Expected());
}

}  // namespace libcopyfile::target
