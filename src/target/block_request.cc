#include "target/block_request.h"

#include <algorithm>

#include "target/mode_pages.h"
#include "wire/sense_codes.h"

namespace libcopyfile::target {
namespace {

constexpr uint64_t kPiece = uint64_t{1} << 20;

}  // namespace

BlockRequest BlockRequest::of(wire::View cdb) {
  BlockRequest request;
  // The group code: bits 7..5 of the operation code tell the length.
  const unsigned group = cdb.u8(0) >> 5;
  if (group == 0) {
    request.lba = cdb.be24(1) & 0x1fffff;
    // Six bytes have no way to say "none" (SBC-3 5.9, 5.31).
    request.blocks = cdb.u8(4) == 0 ? 256 : cdb.u8(4);
    return request;
  }
  request.dpo = cdb.bit(1, 4);
  request.fua = cdb.bit(1, 3);
  if (group == 4) {
    request.lba = cdb.be64(2);
    request.blocks = cdb.be32(10);
  } else {
    request.lba = cdb.be32(2);
    request.blocks = group == 5 ? cdb.be32(6) : cdb.be16(7);
  }
  return request;
}

std::optional<Outcome> check_blocks(const LogicalUnit& unit, const BlockRequest& request,
                                    uint64_t most) {
  if (auto beyond = beyond_end(unit, request.lba, request.blocks)) return beyond;
  if (request.blocks <= most) return std::nullopt;
  return Outcome::refused(wire::codes::kInvalidFieldInCdb);
}

std::optional<Outcome> check_writable(const LogicalUnit& unit) {
  if (unit.read_only()) return Outcome::refused(wire::codes::kWriteProtected);
  return std::nullopt;
}

std::optional<Outcome> check_write(const LogicalUnit& unit, const BlockRequest& request) {
  if (auto refusal = check_writable(unit)) return refusal;
  return check_blocks(unit, request, block_limits(unit).max_transfer);
}

Range bytes_of(const LogicalUnit& unit, const BlockRequest& request) {
  const uint64_t begin = request.lba * unit.block_length();
  return {begin, begin + request.blocks * unit.block_length()};
}

Outcome miscompared(uint64_t offset) {
  wire::Sense sense = wire::refusal(wire::codes::kMiscompare);
  sense.information = offset;
  return Outcome::refused(std::move(sense));
}

std::optional<RangeLocks::Hold> lock_for_write(Context& context, Range range) {
  RangeLocks& locks = context.unit->locks();
  if (context.may_block == MayBlock::yes) {
    return locks.acquire(range, RangeLocks::Mode::exclusive);
  }
  RangeLocks::Hold hold = locks.try_acquire(range, RangeLocks::Mode::exclusive);
  if (!hold.held()) return std::nullopt;
  return hold;
}

Done write_locked(Context& context, uint64_t offset, std::span<const uint8_t> data) {
  LogicalUnit& unit = *context.unit;
  unit.about_to_write({offset, offset + data.size()});
  Done done = unit.image().write(offset, data, context.may_block);
  if (!done) return done;
  unit.counters().writes.fetch_add(1, std::memory_order_relaxed);
  unit.counters().written_bytes.fetch_add(data.size(), std::memory_order_relaxed);
  return done;
}

bool must_be_stable(const Context& context, const BlockRequest& request) {
  return request.fua || !context.unit->mode().write_cache();
}

Outcome written(Context& context, const BlockRequest& request, const Done& done) {
  if (!done) return outcome_of(done.error());
  if (!must_be_stable(context, request)) return Outcome::good();
  const Done flushed = context.unit->image().flush();
  return flushed ? Outcome::good() : outcome_of(flushed.error());
}

Outcome compare(Context& context, Range range, const Expected& expected) {
  TransferBuffer buffer(std::min(kPiece, range.length()));
  if (buffer.size() == 0 && !range.empty()) return Outcome::of(Status::busy);
  for (uint64_t at = range.begin; at < range.end;) {
    if (context.aborted) return Outcome::of(Status::task_aborted);
    const auto stored = buffer.span().first(std::min<uint64_t>(buffer.size(), range.end - at));
    if (Done ok = context.unit->image().read(at, stored, MayBlock::yes); !ok) {
      return outcome_of(ok.error());
    }
    for (size_t done = 0; expected && done < stored.size();) {
      const uint64_t offset = at - range.begin + done;
      const auto wanted = expected(offset, stored.size() - done);
      const auto [theirs, ours] =
          std::ranges::mismatch(wanted, stored.subspan(done, wanted.size()));
      if (theirs != wanted.end()) {
        return miscompared(offset + static_cast<uint64_t>(theirs - wanted.begin()));
      }
      done += wanted.size();
    }
    at += stored.size();
  }
  return Outcome::good();
}

}  // namespace libcopyfile::target
