// What a logical unit says of itself: INQUIRY data, pages 00h, 83h and B0h of vital product data, READ CAPACITY(16).
#pragma once

#include <optional>
#include <string>

#include "wire/designator.h"

namespace libcopyfile::wire {

inline constexpr uint8_t kPageSupported = 0x00;
inline constexpr uint8_t kPageIdentification = 0x83;
inline constexpr uint8_t kPageThirdPartyCopy = 0x8f;
inline constexpr uint8_t kPageBlockLimits = 0xb0;

struct StandardInquiry {
  uint8_t qualifier = 0;          // 0: there is a logical unit
  uint8_t device_type = 0;        // 0: a block device
  uint8_t version = 6;            // 5 SPC-3, 6 SPC-4
  bool third_party_copy = false;  // 3PC. Old firmware may copy and not say so
  bool protect = false;
  bool command_queueing = true;
  std::string vendor;    // at most 8, without the padding
  std::string product;   // 16
  std::string revision;  // 4
  bool operator==(const StandardInquiry&) const = default;
};

Bytes encode(const StandardInquiry& inquiry);
// Nothing where fewer than the 36 bytes came that every device has to give.
std::optional<StandardInquiry> decode_standard_inquiry(View data);

// Frame of a page: its code, and its length in the bytes behind the first four.
Bytes encode_page(uint8_t device_type, uint8_t code, View body);
// The body of page `code`, as far as it came; nothing where it is another page. A page that the device does not have looks like
// that on old devices, which ignore the page code.
std::optional<View> page_body(View data, uint8_t code);

// 00h. Ascending, as Windows demands.
Bytes encode_supported_pages(uint8_t device_type, Bytes pages);
std::optional<Bytes> decode_supported_pages(View data);

// 83h.
Bytes encode_identification(uint8_t device_type, const std::vector<Designator>& designators);
// Designators up to the first one that is cut off.
std::optional<std::vector<Designator>> decode_identification(View data);

// B0h. 0 is "not reported" everywhere.
struct BlockLimits {
  uint8_t max_compare_and_write = 0;
  uint16_t optimal_granularity = 0;
  uint32_t max_transfer = 0;
  uint32_t optimal_transfer = 0;
  uint32_t max_prefetch = 0;
  uint32_t max_unmap_blocks = 0;
  uint32_t max_unmap_descriptors = 0;
  uint32_t unmap_granularity = 0;
  std::optional<uint32_t> unmap_alignment;
  uint64_t max_write_same = 0;
  bool operator==(const BlockLimits&) const = default;
};

Bytes encode(uint8_t device_type, const BlockLimits& limits);
std::optional<BlockLimits> decode_block_limits(View data);

// READ CAPACITY(16).
struct Capacity {
  uint64_t last_lba = 0;
  uint32_t block_length = 512;
  bool protection = false;        // PROT_EN
  uint8_t protection_type = 0;    // 0 to 2 stand for types 1 to 3
  uint8_t physical_exponent = 0;  // a physical block is 2^n logical ones
  uint16_t lowest_aligned = 0;
  bool provisioned = false;         // LBPME: thin
  bool zero_when_unmapped = false;  // LBPRZ
  bool operator==(const Capacity&) const = default;
};

Bytes encode(const Capacity& capacity);
std::optional<Capacity> decode_capacity(View data);

}  // namespace libcopyfile::wire
