#include "mechanism/scsi_limits.h"

#include <algorithm>
#include <numeric>

namespace libcopyfile {
namespace {

constexpr uint64_t kMostBlocks = UINT16_MAX;  // NUMBER OF BLOCKS of segment descriptor 02h
constexpr uint64_t kMostBytes = UINT32_MAX;   // NUMBER OF BYTES of 0Ah
// ESXi keeps eight copies under way; more delay everybody else's I/O.
constexpr unsigned kMostConcurrency = 8;
constexpr uint8_t kLargestGranularity = 30;  // log2; more would be no unit to copy in
// Windows sends no more ranges than this with a token, so no target has seen more.
constexpr uint32_t kMostRanges = 64;

tl::unexpected<Verdict> no(const char* reason, int code = EOPNOTSUPP) {
  return tl::unexpected(Verdict{Can::no, reason, code});
}

// What a unit says of EXTENDED COPY, in either of the two ways in which it can.
struct Announced {
  bool known = false;
  uint64_t cscds = 0, segments = 0, list_bytes = 0, segment_bytes = 0;
  uint64_t concurrency = 1;
  uint8_t granularity = 0;
  bool list_id_needed = false;
  wire::Bytes types;

  bool has(uint8_t type) const {
    return std::find(types.begin(), types.end(), type) != types.end();
  }
};

Announced announced(const ScsiUnit& unit) {
  Announced a;
  if (unit.copy_parameters) {
    const wire::OperatingParameters& p = *unit.copy_parameters;
    a = {true,
         p.max_cscds,
         p.max_segments,
         p.max_descriptors_length,
         p.max_segment_length,
         p.max_concurrent_copies,
         p.segment_granularity,
         !p.no_list_id,
         p.descriptor_types};
  }
  if (!unit.third_party_copy) return a;
  const wire::ThirdPartyCopy& page = *unit.third_party_copy;
  if (page.parameters && page.operations && !a.known) {
    a.known = true;
    a.list_id_needed = true;
    a.cscds = page.parameters->max_cscds;
    a.segments = page.parameters->max_segments;
    a.list_bytes = page.parameters->max_descriptors_length;
    a.segment_bytes = page.operations->max_segment_length;
    a.concurrency = page.operations->max_concurrent_copies;
    a.granularity = page.operations->segment_granularity;
  }
  if (a.types.empty()) a.types = page.descriptor_types;
  return a;
}

// What no copy inside the storage may be done with, whatever it says.
std::optional<Verdict> unfit(const ScsiUnit& in, const ScsiUnit& out) {
  for (const ScsiUnit* unit : {&in, &out}) {
    if (unit->inquiry.qualifier != 0 || unit->inquiry.device_type != 0) {
      return no("not a disk: only plain block devices are copied by the storage").value();
    }
    if (unit->capacity.protection) {
      return no("the device keeps protection information with its blocks").value();
    }
    if (unit->capacity.block_length == 0) return no("the device has no block size").value();
  }
  if (in.capacity.block_length != out.capacity.block_length) {
    return no("the devices have blocks of different sizes", EINVAL).value();
  }
  return std::nullopt;
}

unsigned rank(const wire::Designator& d) {
  using wire::DesignatorType;
  if (d.type == DesignatorType::naa) {
    // LIO and others know the 16 bytes of NAA 6 only.
    const bool six = d.value.size() == 16 && d.value[0] >> 4 == 6;
    return six ? 0 : 1;
  }
  return d.type == DesignatorType::eui64 ? 2 : 3;
}

bool usable(const wire::Designator& d) {
  using wire::DesignatorType;
  const bool type = d.type == DesignatorType::naa || d.type == DesignatorType::eui64 ||
                    d.type == DesignatorType::t10_vendor;
  return d.association == 0 && type && !d.value.empty() &&
         d.value.size() <= wire::Cscd::kMaxDesignator;
}

wire::Cscd cscd(wire::Designator designator, uint32_t block) {
  wire::Cscd one;
  one.designator = std::move(designator);
  one.block_length = block;
  return one;
}

constexpr uint64_t at_most(uint64_t value, uint64_t limit) {
  return limit == 0 ? value : std::min(value, limit);
}

bool commands_known(const ScsiUnit& unit) {
  return unit.third_party_copy && !unit.third_party_copy->commands.empty();
}

bool has_command(const ScsiUnit& unit, wire::Opcode opcode, uint8_t action) {
  return unit.third_party_copy &&
         unit.third_party_copy->supports(static_cast<uint8_t>(opcode), action);
}

bool has(const ScsiUnit& unit, wire::CopyIn action) {
  return has_command(unit, wire::Opcode::third_party_copy_in, static_cast<uint8_t>(action));
}

bool has(const ScsiUnit& unit, wire::CopyOut action) {
  return has_command(unit, wire::Opcode::third_party_copy_out, static_cast<uint8_t>(action));
}

// Which form the lists have. What says nothing of its commands is asked in the one that targets implement.
void set_lists(const ScsiUnit& unit, ExtendedCopyLimits& limits) {
  const bool lid4 = has(unit, wire::CopyOut::extended_copy_lid4);
  limits.status = has(unit, wire::CopyIn::copy_status_lid1);
  limits.status_lid4 = lid4 && has(unit, wire::CopyIn::copy_status_lid4);
  limits.abort = lid4 && has(unit, wire::CopyOut::copy_operation_abort);
  limits.lid1 = !lid4 || has(unit, wire::CopyOut::extended_copy_lid1);
  limits.lid4 = lid4 && (!limits.lid1 || limits.status_lid4 || limits.abort);
}

}  // namespace

std::optional<wire::Designator> copy_designator(const ScsiUnit& unit) {
  const wire::Designator* best = nullptr;
  for (const wire::Designator& d : unit.designators) {
    if (usable(d) && (best == nullptr || rank(d) < rank(*best))) best = &d;
  }
  if (best == nullptr) return std::nullopt;
  return *best;
}

uint64_t even_segment(uint64_t bytes, uint64_t granularity) {
  // VMFS allocates by this, and pages and stripes divide it. What it takes away is a few percent at most.
  constexpr uint64_t kEven = uint64_t{1} << 20;
  constexpr uint64_t kWorthIt = 16 * kEven;
  const bool even = bytes >= kWorthIt && kEven % granularity == 0;
  return align_down(bytes, even ? kEven : granularity);
}

Negotiated<ExtendedCopyLimits> negotiate_extended_copy(const ScsiUnit& in, const ScsiUnit& out) {
  if (auto verdict = unfit(in, out)) return tl::unexpected(std::move(*verdict));
  // The command goes to the destination; what the source says of itself narrows it.
  const Announced to = announced(out);
  if (!to.known) return no("the device does not say that it can copy");
  Announced from = announced(in);
  if (!from.known) from = to;
  const auto source = copy_designator(in);
  const auto destination = copy_designator(out);
  if (!source || !destination) return no("the device has no name that is unique");

  ExtendedCopyLimits limits;
  limits.block = out.capacity.block_length;
  limits.same_unit = *source == *destination;
  limits.source = cscd(*source, limits.block);
  limits.destination = cscd(*destination, limits.block);
  if (!to.types.empty() && !to.has(wire::BlockSegment::kType)) {
    return no("the device copies no blocks to blocks");
  }
  if (!to.types.empty() && !to.has(wire::Cscd::kType)) {
    return no("the device does not find others by their names");
  }
  const uint64_t cscds = limits.same_unit ? 1 : 2;
  if (at_most(cscds, to.cscds) < cscds) return no("the device copies inside one device only");
  const uint8_t granularity = std::max(to.granularity, from.granularity);
  if (granularity > kLargestGranularity) return no("the device copies in too large units");
  limits.granularity = std::lcm(uint64_t{1} << granularity, uint64_t{limits.block});

  limits.byte_segments = to.has(wire::ByteSegment::kType) && from.has(wire::ByteSegment::kType);
  uint64_t bytes = limits.byte_segments ? kMostBytes : kMostBlocks * limits.block;
  bytes = at_most(at_most(bytes, to.segment_bytes), from.segment_bytes);
  limits.segment_bytes = even_segment(bytes, limits.granularity);
  if (limits.segment_bytes == 0) return no("the device copies less than one unit at a time");

  const size_t segment =
      limits.byte_segments ? wire::ByteSegment::kSize : wire::BlockSegment::kSize;
  uint64_t segments = at_most(at_most(UINT16_MAX, to.segments), from.segments);
  const uint64_t lists = at_most(at_most(UINT16_MAX, to.list_bytes), from.list_bytes);
  if (lists < cscds * wire::Cscd::kSize + segment) return no("the device takes no list at all");
  segments = std::min(segments, (lists - cscds * wire::Cscd::kSize) / segment);
  limits.segments = static_cast<uint32_t>(segments);
  limits.concurrency =
      static_cast<unsigned>(std::clamp<uint64_t>(to.concurrency, 1, kMostConcurrency));
  limits.list_id_needed = to.list_id_needed;
  set_lists(out, limits);
  return limits;
}

Negotiated<TokenCopyLimits> negotiate_token_copy(const ScsiUnit& in, const ScsiUnit& out) {
  if (auto verdict = unfit(in, out)) return tl::unexpected(std::move(*verdict));
  for (const ScsiUnit* unit : {&in, &out}) {
    if (!unit->third_party_copy || !unit->third_party_copy->tokens) {
      return no("the device has no copies by token");
    }
  }
  if ((commands_known(in) && !has(in, wire::CopyOut::populate_token)) ||
      (commands_known(out) && !has(out, wire::CopyOut::write_using_token))) {
    return no("the device has no copies by token");
  }
  const wire::TokenLimits& from = *in.third_party_copy->tokens;
  const wire::TokenLimits& to = *out.third_party_copy->tokens;
  TokenCopyLimits limits;
  limits.block = out.capacity.block_length;
  limits.granularity = limits.block;
  for (const ScsiUnit* unit : {&in, &out}) {
    const auto& features = unit->third_party_copy->rod_features;
    if (!features || !features->block || features->block->granularity == 0) continue;
    limits.granularity =
        std::lcm(limits.granularity, uint64_t{features->block->granularity} * limits.block);
  }
  // 0 is "not reported": then nothing is known but that it can be one.
  limits.source_ranges = std::clamp<uint32_t>(from.max_ranges, 1, kMostRanges);
  limits.destination_ranges = std::clamp<uint32_t>(to.max_ranges, 1, kMostRanges);
  const uint64_t most_blocks = kMaxOffset / limits.block;
  limits.token_bytes =
      align_down(at_most(most_blocks, from.max_transfer) * limits.block, limits.granularity);
  limits.write_bytes =
      align_down(at_most(at_most(most_blocks, to.max_transfer), to.optimal_transfer) * limits.block,
                 limits.granularity);
  if (limits.token_bytes == 0 || limits.write_bytes == 0) {
    return no("the device copies less than one unit at a time");
  }
  limits.inactivity_timeout = from.default_inactivity_timeout;
  limits.abort_source = has(in, wire::CopyOut::copy_operation_abort);
  limits.abort_destination = has(out, wire::CopyOut::copy_operation_abort);
  return limits;
}

}  // namespace libcopyfile
