// VPD page 8Fh, Third-party Copy (SPC-4 7.8.17, SBC-3 6.5.6): what a logical unit can copy, and its limits. Optional even for
// devices that copy.
#pragma once

#include <optional>
#include <vector>

#include "wire/rod_token.h"

namespace libcopyfile::wire {

// 0000h: there only where the commands with tokens are. 0 is "not reported", or no limit.
struct TokenLimits {
  uint16_t max_ranges = 0;
  uint32_t max_inactivity_timeout = 0;  // seconds
  uint32_t default_inactivity_timeout = 0;
  uint64_t max_transfer = 0;      // blocks
  uint64_t optimal_transfer = 0;  // blocks
  bool operator==(const TokenLimits&) const = default;
};

// 0001h.
struct SupportedCommand {
  uint8_t opcode = 0;
  Bytes service_actions;
  bool operator==(const SupportedCommand&) const = default;
};

// 0004h.
struct CopyParameters {
  uint16_t max_cscds = 0;
  uint16_t max_segments = 0;
  uint32_t max_descriptors_length = 0;
  uint32_t max_inline_length = 0;
  bool operator==(const CopyParameters&) const = default;
};

// 0106h with its record for block devices. Bytes; 0 is "not reported".
struct RodFeatures {
  uint8_t remote_tokens = 0;
  uint32_t min_lifetime = 0;  // seconds
  uint32_t max_lifetime = 0;
  uint32_t max_inactivity_timeout = 0;
  struct Block {
    uint16_t granularity = 0;  // blocks
    uint64_t max_bytes = 0;
    uint64_t optimal_bytes = 0;
    uint64_t optimal_to_token = 0;    // per segment
    uint64_t optimal_from_token = 0;  // per segment
    bool operator==(const Block&) const = default;
  };
  std::optional<Block> block;
  bool operator==(const RodFeatures&) const = default;
};

// 0108h.
struct SupportedRodType {
  RodType type = RodType::point_in_time;
  bool internal = false;   // EXTENDED COPY may use it
  bool token_in = false;   // WRITE USING TOKEN takes it
  bool token_out = false;  // POPULATE TOKEN makes it
  uint16_t preference = 0;
  bool operator==(const SupportedRodType&) const = default;
};

// 8001h.
struct GeneralOperations {
  uint32_t total_concurrent_copies = 0;
  uint32_t max_concurrent_copies = 0;  // with an identifier
  uint32_t max_segment_length = 0;     // bytes, 0: no limit
  uint8_t segment_granularity = 0;     // log2 of bytes
  uint8_t inline_granularity = 0;
  bool operator==(const GeneralOperations&) const = default;
};

struct ThirdPartyCopy {
  std::optional<TokenLimits> tokens;
  std::vector<SupportedCommand> commands;
  std::optional<CopyParameters> parameters;
  Bytes descriptor_types;          // 0008h
  std::vector<uint16_t> cscd_ids;  // 000Ch: above 7FFh
  std::optional<RodFeatures> rod_features;
  std::vector<SupportedRodType> rod_types;
  std::optional<GeneralOperations> operations;

  bool supports(uint8_t opcode, uint8_t service_action) const;
  bool operator==(const ThirdPartyCopy&) const = default;
};

// Ascending by type, so that 0000h is first, with length 20h: Windows uses no other.
Bytes encode(uint8_t device_type, const ThirdPartyCopy& page);
// Unknown descriptors are passed over; the one that is cut off, and what is behind it, is not there.
std::optional<ThirdPartyCopy> decode_third_party_copy(View data);

}  // namespace libcopyfile::wire
