// What is announced of the copy manager, in both ways in which initiators ask: VPD page 8Fh and RECEIVE COPY OPERATING PARAMETERS.
#include <algorithm>

#include "target/copy_manager.h"
#include "target/logical_unit.h"
#include "wire/cdb.h"
#include "wire/extended_copy.h"

namespace libcopyfile::target {
namespace {

using namespace wire;

// log2 of the block of the file systems below, at which blocks can be shared. A hint: what is not aligned is copied.
constexpr uint8_t kGranularity = 12;
// Tokens of any unit of this target are taken by every other one, those of other targets by none (SPC-4 table 520).
constexpr uint8_t kTokensOfThisTarget = 4;

Bytes descriptor_types() {
  return {BlockSegment::kType, VerifySegment::kType, ByteSegment::kType, Cscd::kType};
}

template <class... Action>
Bytes actions(Action... action) {
  return {static_cast<uint8_t>(action)...};
}

std::vector<SupportedCommand> commands() {
  return {
      {static_cast<uint8_t>(Opcode::third_party_copy_out),
       actions(CopyOut::extended_copy_lid1, CopyOut::extended_copy_lid4, CopyOut::populate_token,
               CopyOut::write_using_token, CopyOut::copy_operation_abort)},
      {static_cast<uint8_t>(Opcode::third_party_copy_in),
       actions(CopyIn::copy_status_lid1, CopyIn::operating_parameters,
               CopyIn::failed_segment_details, CopyIn::copy_status_lid4,
               CopyIn::rod_token_information, CopyIn::report_all_rod_tokens)}};
}

// Ascending by type; the one of the smaller preference is what POPULATE TOKEN makes where it is not told.
std::vector<SupportedRodType> rod_types(const LogicalUnit& unit) {
  const bool in_time = unit.image().info().can_share;
  const auto of = [](RodType type, bool made, uint16_t preference) {
    SupportedRodType supported;
    supported.type = type;
    supported.token_in = true;
    supported.token_out = made;
    supported.preference = preference;
    return supported;
  };
  return {of(RodType::access_on_reference, true, in_time ? 2 : 1),
          of(RodType::point_in_time, in_time, in_time ? 1 : 2),
          of(RodType::point_in_time_vulnerable, in_time, 3), of(RodType::block_zero, false, 4)};
}

RodFeatures rod_features(const CopyLimits& limits, const LogicalUnit& unit) {
  const uint32_t granularity = unit.image().info().granularity;
  RodFeatures features;
  features.remote_tokens = kTokensOfThisTarget;
  features.max_inactivity_timeout = limits.max_token_timeout;
  features.block = RodFeatures::Block{};
  features.block->granularity =
      static_cast<uint16_t>(std::clamp<uint32_t>(granularity / unit.block_length(), 1, UINT16_MAX));
  features.block->max_bytes = limits.max_token_bytes;
  features.block->optimal_bytes = limits.optimal_token_bytes;
  features.block->optimal_to_token = limits.optimal_token_bytes;
  features.block->optimal_from_token = limits.optimal_token_bytes;
  return features;
}

}  // namespace

OperatingParameters CopyManager::operating_parameters() const {
  const CopyLimits& most = limits();
  OperatingParameters parameters;
  parameters.no_list_id = true;
  parameters.max_cscds = most.max_cscds;
  parameters.max_segments = most.max_segments;
  parameters.max_descriptors_length = most.max_list_length;
  parameters.max_segment_length = most.max_segment_length;
  parameters.total_concurrent_copies = static_cast<uint16_t>(most.concurrent);
  parameters.max_concurrent_copies = static_cast<uint8_t>(std::min(most.concurrent, 16U));
  parameters.segment_granularity = kGranularity;
  parameters.descriptor_types = descriptor_types();
  return parameters;
}

ThirdPartyCopy CopyManager::page_for(const LogicalUnit& unit) const {
  const CopyLimits& most = limits();
  ThirdPartyCopy page;
  page.tokens = TokenLimits{most.max_ranges, most.max_token_timeout, most.default_token_timeout,
                            most.max_token_bytes / unit.block_length(),
                            most.optimal_token_bytes / unit.block_length()};
  page.commands = commands();
  page.parameters = CopyParameters{most.max_cscds, most.max_segments, most.max_list_length, 0};
  page.descriptor_types = descriptor_types();
  page.rod_features = rod_features(most, unit);
  page.rod_types = rod_types(unit);
  page.operations = GeneralOperations{most.concurrent, std::min(most.concurrent, 16U),
                                      most.max_segment_length, kGranularity, 0};
  return page;
}

}  // namespace libcopyfile::target
