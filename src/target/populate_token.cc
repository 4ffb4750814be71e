// POPULATE TOKEN (SBC-3 5.14): a token for blocks as they are now. Where the file system shares blocks, they are cloned into a file
// that nobody sees: whatever happens to the unit afterwards, the token stands for what was there. Elsewhere the token stands for the
// blocks themselves, and ends when one of them is written to.
#include <algorithm>

#include "target/copy_state.h"
#include "wire/sense_codes.h"

namespace libcopyfile::target {
namespace {

using namespace wire;

constexpr size_t kTimeoutField = 4;
constexpr size_t kRangesField = 16;

std::vector<Range> bytes_of(const std::vector<BlockRange>& ranges, uint32_t block) {
  std::vector<Range> bytes;
  for (const BlockRange& range : ranges) {
    if (range.blocks == 0) continue;
    bytes.push_back({range.lba * block, (range.lba + range.blocks) * block});
  }
  return bytes;
}

uint64_t length_of(const std::vector<Range>& ranges) {
  uint64_t sum = 0;
  for (const Range& range : ranges) sum += range.length();
  return sum;
}

// Everything from the first byte to the last: locked as one, the ranges are of one moment.
Range span_of(const std::vector<Range>& ranges) {
  Range span{UINT64_MAX, 0};
  for (const Range& range : ranges) {
    span = {std::min(span.begin, range.begin), std::max(span.end, range.end)};
  }
  return ranges.empty() ? Range{} : span;
}

// Where `ranges` go in a file of their own: one behind the other, each as it lies in the blocks of the file system, or nothing could
// be shared.
std::vector<Range> packed(const std::vector<Range>& ranges, uint32_t granularity) {
  std::vector<Range> places;
  uint64_t end = 0;
  for (const Range& range : ranges) {
    const uint64_t begin = align_up(end, granularity) + range.begin % granularity;
    end = begin + range.length();
    places.push_back({begin, end});
  }
  return places;
}

class Population {
 public:
  Population(PopulateToken list, std::shared_ptr<LogicalUnit> unit)
      : list_(std::move(list)),
        unit_(std::move(unit)),
        ranges_(bytes_of(list_.ranges, unit_->block_length())) {}

  const std::vector<Range>& ranges() const { return ranges_; }

  // Nothing but a token of this type will do. Nothing: whatever is best.
  std::optional<SenseCode> check() const {
    if (!list_.type) return std::nullopt;
    switch (*list_.type) {
      case RodType::access_on_reference: return std::nullopt;
      case RodType::point_in_time:
      case RodType::point_in_time_vulnerable:
      case RodType::point_in_time_any:
        if (unit_->image().info().can_share) return std::nullopt;
        break;
      default: break;
    }
    return codes::kTokenTypeUnsupported;
  }

  Result<std::shared_ptr<Rod>> make(CopyRun& run) const {
    const bool by_reference = list_.type == RodType::access_on_reference;
    if (by_reference || !unit_->image().info().can_share) return watched();
    auto rod = in_time(run);
    const bool any = !list_.type.has_value();
    if (!rod && any && is_not_supported(rod.error().code)) return watched();
    return rod;
  }

 private:
  RodType type_in_time() const {
    const bool vulnerable = list_.type == RodType::point_in_time_vulnerable;
    return vulnerable ? RodType::point_in_time_vulnerable : RodType::point_in_time;
  }

  Result<std::shared_ptr<Rod>> in_time(CopyRun& run) const {
    Image& image = unit_->image();
    const uint32_t granularity = image.info().granularity;
    std::vector<Range> places = packed(ranges_, granularity);
    const uint64_t size = places.empty() ? granularity : align_up(places.back().end, granularity);
    auto aside = image.scratch(size);
    if (!aside) return fail(aside.error());
    const auto hold = unit_->locks().acquire(span_of(ranges_), RangeLocks::Mode::shared);
    for (size_t i = 0; i < ranges_.size(); ++i) {
      const Done copied = run.copy_aside(image, ranges_[i].begin, **aside, places[i]);
      if (!copied) return fail(copied.error());
    }
    return std::make_shared<Rod>(type_in_time(), unit_, std::move(*aside), std::move(places));
  }

  Result<std::shared_ptr<Rod>> watched() const {
    // Nobody is between having said that he writes and writing it while this is held.
    const auto hold = unit_->locks().acquire(span_of(ranges_), RangeLocks::Mode::shared);
    auto rod =
        std::make_shared<Rod>(RodType::access_on_reference, unit_, unit_->shared_image(), ranges_);
    unit_->watch(rod);
    return rod;
  }

  const PopulateToken list_;
  const std::shared_ptr<LogicalUnit> unit_;
  const std::vector<Range> ranges_;
};

// The blocks exist, and are not more than a token stands for.
std::optional<Sense> check_ranges(const LogicalUnit& unit, const std::vector<BlockRange>& ranges,
                                  uint64_t most_bytes) {
  uint64_t blocks = 0;
  for (size_t i = 0; i < ranges.size(); ++i) {
    const BlockRange& range = ranges[i];
    if (range.lba > unit.blocks() || range.blocks > unit.blocks() - range.lba) {
      return refusal_at(codes::kLbaOutOfRange, kRangesField + i * kRangeSize);
    }
    blocks += range.blocks;
  }
  if (blocks > most_bytes / unit.block_length()) {
    return refusal_at(codes::kInvalidFieldInList, kRangesField);
  }
  return std::nullopt;
}

// The space that a token needs is not the unit's own: the unit is not full.
OperationResult not_made(const Error& error) {
  if (is_no_space(error.code) || error.code == ENOMEM || error.code == EMFILE ||
      error.code == ENFILE) {
    return refused(refusal(codes::kRodResources));
  }
  return failed(error);
}

}  // namespace

Handled CopyManager::State::populate(Context& context) {
  const CopyOutCdb cdb{CopyOut::populate_token, context.cdb().be32(6), context.cdb().be32(10), 0};
  const auto data = parameters(context, cdb);
  if (!data) return Outcome::refused(data.error());
  auto list = decode_populate_token(*data, limits.max_ranges);
  if (!list) return Outcome::refused(list.error());
  if (list->inactivity_timeout > limits.max_token_timeout) {
    return Outcome::refused(refusal_at(codes::kInvalidFieldInList, kTimeoutField));
  }
  const auto unit = addressed(context);
  if (unit == nullptr) return Outcome::of(Status::busy);
  if (auto sense = check_ranges(*unit, list->ranges, limits.max_token_bytes)) {
    return Outcome::refused(std::move(*sense));
  }
  const std::chrono::seconds timeout(list->inactivity_timeout != 0 ? list->inactivity_timeout
                                                                   : limits.default_token_timeout);
  const bool immediate = list->immediate;
  const auto population = std::make_shared<const Population>(std::move(*list), unit);
  if (const auto code = population->check()) return Outcome::refused(*code);
  const uint64_t length = length_of(population->ranges());
  if (!tokens.has_room(context.nexus.initiator, length)) {
    return Outcome::refused(codes::kTokenResources);
  }
  OperationInfo info = describe(context, CopyOut::populate_token);
  info.list_id = cdb.list_id;
  info.source = unit;
  info.total = length;
  return carry_out(context, std::move(info), immediate,
                   [this, population, timeout](CopyRun& run, Operation& operation) {
                     auto rod = population->make(run);
                     if (!rod) return not_made(rod.error());
                     const std::string& initiator = operation.info().initiator;
                     const auto token = tokens.add(std::move(*rod), initiator, timeout);
                     if (!token) return refused(refusal(token.error()));
                     operation.settle(operation.info().total);
                     return OperationResult{OperationStatus::State::complete, {}, *token};
                   });
}

}  // namespace libcopyfile::target
