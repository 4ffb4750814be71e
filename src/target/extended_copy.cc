#include "target/extended_copy.h"

#include <algorithm>

#include "wire/sense_codes.h"

namespace libcopyfile::target {
namespace {

using namespace wire;

// Where the fields of segment descriptors are that pointers of sense data point to.
constexpr uint16_t kSourceLba = 12;
constexpr uint16_t kDestinationLba = 20;
constexpr uint16_t kBytes = 8;
constexpr uint16_t kBlocks = 10;
constexpr uint16_t kSourceOffset = 28;
constexpr uint16_t kDestinationOffset = 30;

// In the segment descriptor, not in the list.
Sense refusal_in_segment(SenseCode code, uint16_t byte) {
  Sense sense = refusal(code);
  sense.pointer = FieldPointer{true, byte, std::nullopt};
  return sense;
}

Sense forwarded(ForwardedSense::From from, Status status, const Bytes& inner, SenseCode code) {
  Sense sense = refusal(code);
  sense.forwarded.push_back({from, static_cast<uint8_t>(status), inner});
  return sense;
}

Sense beyond(ForwardedSense::From from) {
  return forwarded(from, Status::check_condition,
                   encode_fixed_sense(refusal(codes::kLbaOutOfRange)), codes::kCopyAborted);
}

bool names(const Designator& a, const Designator& b) {
  return a.association == 0 && b.association == 0 && a.type == b.type && a.code_set == b.code_set &&
         a.value == b.value;
}

}  // namespace

ExtendedCopy::ExtendedCopy(CopyList list, const LunMap& units, Nexus nexus,
                           uint32_t max_segment_length)
    : list_(std::move(list)), nexus_(std::move(nexus)), max_segment_length_(max_segment_length) {
  for (const Cscd& cscd : list_.cscds) cscds_.push_back(find(cscd, units));
}

ExtendedCopy::Found ExtendedCopy::find(const Cscd& cscd, const LunMap& units) {
  if (cscd.null_device) return {nullptr, codes::kTargetNotReachable};
  if (cscd.device_type != 0) return {nullptr, codes::kWrongTargetType};
  for (const auto& [lun, unit] : units) {
    const auto& own = unit->designators();
    if (std::none_of(own.begin(), own.end(),
                     [&](const Designator& one) { return names(one, cscd.designator); })) {
      continue;
    }
    // Who counts in other blocks means other blocks.
    if (cscd.block_length != 0 && cscd.block_length != unit->block_length()) {
      return {nullptr, codes::kWrongTargetType};
    }
    return {unit, {}};
  }
  return {nullptr, codes::kTargetNotReachable};
}

Decoded<void> ExtendedCopy::check() const {
  // With nobody to ask about it, nothing but the end of the command would tell what became of it (SPC-4 6.5.1).
  if (list_.immediate && list_.usage == ListIdUsage::none) {
    constexpr size_t kImmediate = 15;
    return tl::unexpected(refusal_at(codes::kInvalidFieldInList, kImmediate));
  }
  size_t at =
      (list_.lid == Lid::lid1 ? kLid1Header : kLid4Header) + list_.cscds.size() * Cscd::kSize;
  for (const Segment& segment : list_.segments) {
    if (std::holds_alternative<RegisterKeySegment>(segment)) {
      return tl::unexpected(refusal_at(codes::kUnsupportedSegmentType, at));
    }
    at += encoded_size(segment);
  }
  return {};
}

uint64_t ExtendedCopy::total() const {
  uint64_t sum = 0;
  for (const Segment& segment : list_.segments) {
    if (const Planned planned = plan(segment)) sum += planned->destination.length();
  }
  return sum;
}

std::shared_ptr<LogicalUnit> ExtendedCopy::source() const {
  for (const Segment& segment : list_.segments) {
    const Planned planned = plan(segment);
    for (const Found& found : cscds_) {
      if (planned && found.unit != nullptr && found.unit.get() == planned->from) return found.unit;
    }
  }
  return nullptr;
}

std::shared_ptr<LogicalUnit> ExtendedCopy::destination() const {
  for (const Segment& segment : list_.segments) {
    const Planned planned = plan(segment);
    for (const Found& found : cscds_) {
      if (planned && found.unit != nullptr && found.unit.get() == planned->to) return found.unit;
    }
  }
  return nullptr;
}

Decoded<LogicalUnit*> ExtendedCopy::unit_at(uint16_t index) const {
  if (index >= cscds_.size()) return tl::unexpected(refusal(codes::kUnreachable));
  const Found& found = cscds_[index];
  if (found.unit == nullptr) return tl::unexpected(refusal(found.why_not));
  return found.unit.get();
}

ExtendedCopy::Planned ExtendedCopy::between(uint16_t source, uint16_t destination) const {
  const auto from = unit_at(source);
  if (!from) return tl::unexpected(from.error());
  const auto to = unit_at(destination);
  if (!to) return tl::unexpected(to.error());
  Plan plan;
  plan.from = *from;
  plan.to = *to;
  return plan;
}

ExtendedCopy::Planned ExtendedCopy::plan(const Segment& segment) const {
  if (const auto* blocks = std::get_if<BlockSegment>(&segment)) return plan(*blocks);
  if (const auto* bytes = std::get_if<ByteSegment>(&segment)) return plan(*bytes);
  if (const auto* verify = std::get_if<VerifySegment>(&segment)) {
    const auto unit = unit_at(verify->source);
    if (!unit) return tl::unexpected(unit.error());
  }
  return Plan{};
}

ExtendedCopy::Planned ExtendedCopy::plan(const BlockSegment& segment) const {
  const Planned units = between(segment.source, segment.destination);
  if (!units) return units;
  const uint64_t source = units->from->block_length();
  const uint64_t destination = units->to->block_length();
  const uint64_t bytes = segment.blocks * (segment.count_of_destination ? destination : source);
  if (bytes % source != 0 || bytes % destination != 0) {
    return tl::unexpected(refusal_in_segment(codes::kSegmentInexact, kBlocks));
  }
  return checked(*units, segment.source_lba, 0, segment.destination_lba, 0, bytes);
}

ExtendedCopy::Planned ExtendedCopy::plan(const ByteSegment& segment) const {
  const Planned units = between(segment.source, segment.destination);
  if (!units) return units;
  if (segment.source_offset >= units->from->block_length()) {
    return tl::unexpected(refusal_in_segment(codes::kSegmentField, kSourceOffset));
  }
  if (segment.destination_offset >= units->to->block_length()) {
    return tl::unexpected(refusal_in_segment(codes::kSegmentField, kDestinationOffset));
  }
  if (segment.bytes > max_segment_length_) {
    return tl::unexpected(refusal_in_segment(codes::kSegmentField, kBytes));
  }
  return checked(*units, segment.source_lba, segment.source_offset, segment.destination_lba,
                 segment.destination_offset, segment.bytes);
}

ExtendedCopy::Planned ExtendedCopy::checked(Plan plan, uint64_t source_lba, uint64_t source_offset,
                                            uint64_t destination_lba, uint64_t destination_offset,
                                            uint64_t bytes) const {
  const auto fits = [bytes](const LogicalUnit& unit, uint64_t lba, uint64_t offset) {
    if (lba > unit.blocks()) return false;
    const uint64_t left = (unit.blocks() - lba) * unit.block_length();
    return offset <= left && bytes <= left - offset;
  };
  if (!fits(*plan.from, source_lba, source_offset)) {
    return tl::unexpected(beyond(ForwardedSense::From::source));
  }
  if (!fits(*plan.to, destination_lba, destination_offset)) {
    return tl::unexpected(beyond(ForwardedSense::From::destination));
  }
  plan.from_offset = source_lba * plan.from->block_length() + source_offset;
  const uint64_t begin = destination_lba * plan.to->block_length() + destination_offset;
  plan.destination = {begin, begin + bytes};
  const Range source{plan.from_offset, plan.from_offset + bytes};
  if (plan.from == plan.to && source != plan.destination && source.overlaps(plan.destination)) {
    return tl::unexpected(refusal_in_segment(codes::kSegmentField, kDestinationLba));
  }
  return plan;
}

std::optional<Sense> ExtendedCopy::reserved(const Plan& plan) const {
  const auto allowed = [this](LogicalUnit& unit, Need need) {
    return unit.reservations().allows(nexus_, need) == Status::good;
  };
  if (!allowed(*plan.from, Need::reading)) {
    return forwarded(ForwardedSense::From::source, Status::reservation_conflict, {},
                     codes::kThirdPartyFailure);
  }
  if (!allowed(*plan.to, Need::writing)) {
    return forwarded(ForwardedSense::From::destination, Status::reservation_conflict, {},
                     codes::kThirdPartyFailure);
  }
  if (plan.to->read_only()) {
    return forwarded(ForwardedSense::From::destination, Status::check_condition,
                     encode_fixed_sense(refusal(codes::kWriteProtected)),
                     codes::kThirdPartyFailure);
  }
  return std::nullopt;
}

std::optional<OperationResult> ExtendedCopy::run(const Segment& segment, CopyRun& run,
                                                 std::vector<LogicalUnit*>& written) const {
  const Planned planned = plan(segment);
  if (!planned) return refused(planned.error());
  if (planned->destination.empty()) return std::nullopt;
  if (auto sense = reserved(*planned)) return refused(std::move(*sense));
  // Onto itself: it is there already.
  if (planned->from == planned->to && planned->from_offset == planned->destination.begin) {
    return std::nullopt;
  }
  if (std::find(written.begin(), written.end(), planned->to) == written.end()) {
    written.push_back(planned->to);
  }
  const CopySource from{planned->from->image(), &planned->from->locks()};
  const Done done = run.copy(from, planned->from_offset, *planned->to, planned->destination);
  if (!done) return failed(done.error());
  return std::nullopt;
}

OperationResult ExtendedCopy::run(CopyRun& run, Operation& operation) const {
  std::vector<LogicalUnit*> written;
  std::optional<OperationResult> stopped;
  for (const Segment& segment : list_.segments) {
    stopped = this->run(segment, run, written);
    if (stopped) break;
    operation.segment_done();
  }
  for (LogicalUnit* unit : written) {
    const Done stable = CopyRun::finish(*unit);
    if (!stable && !stopped) stopped = failed(stable.error());
  }
  if (!stopped) return {};
  if (stopped->outcome.status == Status::check_condition) {
    stopped->outcome.sense.command_specific = operation.segments();
  }
  return std::move(*stopped);
}

bool CopyManager::State::in_use(const Context& context, uint32_t list_id) const {
  for (const bool lid1 : {true, false}) {
    const auto same = operations.find(context.nexus.id, *context.unit, list_id, lid1);
    if (same != nullptr && !same->result()) return true;
  }
  return false;
}

Handled CopyManager::State::copy(Context& context, Lid lid) {
  const CopyOut action =
      lid == Lid::lid1 ? CopyOut::extended_copy_lid1 : CopyOut::extended_copy_lid4;
  const auto data = parameters(context, CopyOutCdb{action, 0, context.cdb().be32(10), 0});
  if (!data) return Outcome::refused(data.error());
  if (data->empty()) return Outcome::good();
  auto list =
      decode_copy_list(lid, *data, {limits.max_cscds, limits.max_segments, limits.max_list_length});
  if (!list) return Outcome::refused(list.error());
  const bool immediate = list->immediate;
  const ListIdUsage usage = list->usage;
  OperationInfo info = describe(context, action);
  if (usage != ListIdUsage::none) info.list_id = list->list_id;
  const auto copy =
      std::make_shared<const ExtendedCopy>(std::move(*list), device.units_of(context.nexus.id),
                                           context.nexus, limits.max_segment_length);
  if (auto checked = copy->check(); !checked) return Outcome::refused(checked.error());
  info.source = copy->source();
  info.destination = copy->destination();
  info.total = copy->total();
  // Who wants no results does not care about names either: QEMU has several lists under way that are all called 1.
  if (usage == ListIdUsage::discard && in_use(context, *info.list_id)) info.list_id.reset();
  return carry_out(context, std::move(info), immediate, [copy](CopyRun& run, Operation& operation) {
    return copy->run(run, operation);
  });
}

}  // namespace libcopyfile::target
