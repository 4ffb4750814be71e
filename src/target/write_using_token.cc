// WRITE USING TOKEN (SBC-3 5.48): what a token stands for goes to blocks of the unit. Also the zeros of the token that nobody makes.
#include <algorithm>

#include "target/copy_state.h"
#include "wire/sense_codes.h"

namespace libcopyfile::target {
namespace {

using namespace wire;

constexpr size_t kRangesField = 536;

class Writing {
 public:
  // `use` is empty: zeros.
  Writing(std::vector<Range> ranges, std::shared_ptr<LogicalUnit> unit, Nexus nexus,
          std::optional<TokenStore::Use> use, uint64_t offset)
      : ranges_(std::move(ranges)),
        unit_(std::move(unit)),
        nexus_(std::move(nexus)),
        use_(std::move(use)),
        source_(use_ ? use_->rod()->source() : nullptr),
        offset_(offset) {}

  OperationResult run(CopyRun& run) const {
    OperationResult result = carry_out(run);
    const Done stable = CopyRun::finish(*unit_);
    if (result.outcome.ok() && !stable) result = explained(stable.error());
    // How far it came: initiators go on from there (fixed format has no more than 32 bits for it).
    if (result.outcome.status == Status::check_condition) {
      result.outcome.sense.information = run.in_place() / unit_->block_length();
    }
    return result;
  }

 private:
  OperationResult carry_out(CopyRun& run) const {
    if (unit_->reservations().allows(nexus_, Need::writing) != Status::good) return conflict();
    uint64_t left = available();
    uint64_t offset = offset_;
    for (const Range& range : ranges_) {
      const uint64_t length = std::min(left, range.length());
      const Range part{range.begin, range.begin + length};
      const Done done = use_ ? copy(run, offset, part) : run.zero(*unit_, part);
      if (!done) return done.error().code == EBUSY ? conflict() : explained(done.error());
      offset += length;
      left -= length;
      if (length < range.length()) return short_of_data();
    }
    return {};
  }

  // Bytes of the token from the offset on.
  uint64_t available() const { return use_ ? use_->rod()->length() - offset_ : UINT64_MAX; }

  Done copy(CopyRun& run, uint64_t offset, Range destination) const {
    const Rod& rod = *use_->rod();
    CopySource from{rod.image(), nullptr, &rod};
    if (!rod.point_in_time()) {
      if (source_ == nullptr) return fail(ESTALE, Op::read);
      if (source_->reservations().allows(nexus_, Need::reading) != Status::good) {
        return fail(EBUSY, Op::read);
      }
      from.locks = &source_->locks();
    }
    for (const Range& part : rod.parts(offset, destination.length())) {
      const Range piece{destination.begin, destination.begin + part.length()};
      if (overlaps_itself(rod, part, piece)) return fail(ESTALE, Op::read);
      if (Done ok = run.copy(from, part.begin, *unit_, piece); !ok) return ok;
      destination.begin = piece.end;
    }
    return {};
  }

  // To write onto the blocks that the token stands for revokes it before it is read.
  bool overlaps_itself(const Rod& rod, Range source, Range destination) const {
    return !rod.point_in_time() && source_ == unit_ && source.overlaps(destination);
  }

  static OperationResult conflict() {
    return {OperationStatus::State::error, Outcome::of(Status::reservation_conflict), std::nullopt};
  }
  static OperationResult explained(const Error& error) {
    if (error.code == ESTALE) return refused(refusal(codes::kTokenRevoked));
    if (error.code == ETIME) return short_of_data();
    OperationResult result = failed(error);
    // Windows takes 18 bytes of sense data at most.
    result.outcome.sense.forwarded.clear();
    return result;
  }
  // Not everything was written, and what was is all right: initiators go on behind it.
  static OperationResult short_of_data() {
    OperationResult result = refused(refusal(codes::kUnderrun));
    result.state = OperationStatus::State::complete_with_residual;
    return result;
  }

  const std::vector<Range> ranges_;
  const std::shared_ptr<LogicalUnit> unit_;
  const Nexus nexus_;
  const std::optional<TokenStore::Use> use_;
  const std::shared_ptr<LogicalUnit> source_;
  const uint64_t offset_;
};

Decoded<std::vector<Range>> bytes_of(const LogicalUnit& unit,
                                     const std::vector<BlockRange>& ranges) {
  std::vector<Range> bytes;
  for (size_t i = 0; i < ranges.size(); ++i) {
    const BlockRange& range = ranges[i];
    if (range.lba > unit.blocks() || range.blocks > unit.blocks() - range.lba) {
      return tl::unexpected(refusal_at(codes::kLbaOutOfRange, kRangesField + i * kRangeSize));
    }
    const uint64_t block = unit.block_length();
    if (range.blocks != 0) {
      bytes.push_back({range.lba * block, (range.lba + range.blocks) * block});
    }
  }
  return bytes;
}

bool is_zero_token(const Token& token) {
  const auto head = decode_token(View(token));
  return head && head->type == RodType::block_zero;
}

// Whether `rod` may be written to `unit` by who sees `units`, from block `offset` on.
std::optional<SenseCode> check(const Rod& rod, const LogicalUnit& unit, const LunMap& units,
                               uint64_t offset) {
  // As if there were no such token: what the initiator may not see is not there.
  const bool visible = std::any_of(units.begin(), units.end(),
                                   [&](const auto& one) { return rod.is_of(*one.second); });
  if (!visible) return codes::kTokenUnknown;
  // Offsets are counted in blocks, and nothing says in whose.
  if (rod.block_length() != unit.block_length()) return codes::kTokenUnusable;
  if (offset >= rod.length() / unit.block_length()) {
    return SenseCode{SenseKey::illegal_request, codes::kUnderrun.asc, codes::kUnderrun.ascq};
  }
  return std::nullopt;
}

}  // namespace

Handled CopyManager::State::write(Context& context) {
  const CopyOutCdb cdb{CopyOut::write_using_token, context.cdb().be32(6), context.cdb().be32(10),
                       0};
  const auto data = parameters(context, cdb);
  if (!data) return Outcome::refused(data.error());
  const auto list = decode_write_using_token(*data, limits.max_ranges);
  if (!list) return Outcome::refused(list.error());
  const auto unit = addressed(context);
  if (unit == nullptr) return Outcome::of(Status::busy);
  auto ranges = bytes_of(*unit, list->ranges);
  if (!ranges) return Outcome::refused(ranges.error());
  if (unit->read_only()) return Outcome::refused(codes::kWriteProtected);

  OperationInfo info = describe(context, CopyOut::write_using_token);
  info.list_id = cdb.list_id;
  info.destination = unit;
  for (const Range& range : *ranges) info.total += range.length();
  std::optional<TokenStore::Use> use;
  if (!is_zero_token(list->token)) {
    auto found = tokens.use(list->token);
    if (!found) return Outcome::refused(found.error());
    const LunMap units = device.units_of(context.nexus.id);
    if (const auto code = check(*found->rod(), *unit, units, list->offset)) {
      return Outcome::refused(*code);
    }
    info.source = found->rod()->source();
    use.emplace(std::move(*found));
  }
  const uint64_t offset = use ? list->offset * unit->block_length() : 0;
  const auto writing = std::make_shared<const Writing>(std::move(*ranges), unit, context.nexus,
                                                       std::move(use), offset);
  const std::optional<Token> to_delete =
      list->delete_token ? std::optional(list->token) : std::nullopt;
  // Nobody waits for what runs in the background.
  const double seconds =
      list->immediate ? std::numeric_limits<double>::infinity() : limits.token_write_seconds;
  return carry_out(context, std::move(info), list->immediate,
                   [this, writing, to_delete, seconds](CopyRun& run, Operation& /*operation*/) {
                     run.give(seconds);
                     OperationResult result = writing->run(run);
                     if (to_delete && result.outcome.ok()) tokens.remove(*to_delete);
                     return result;
                   });
}

}  // namespace libcopyfile::target
