// What a logical unit says of itself: INQUIRY data, pages 00h, 80h, 83h, 86h, B0h, B1h and B2h of vital product data, READ
// CAPACITY(16).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "wire/designator.h"

namespace libcopyfile::wire {

inline constexpr uint8_t kPageSupported = 0x00;
inline constexpr uint8_t kPageSerial = 0x80;
inline constexpr uint8_t kPageIdentification = 0x83;
inline constexpr uint8_t kPageExtendedInquiry = 0x86;
inline constexpr uint8_t kPageThirdPartyCopy = 0x8f;
inline constexpr uint8_t kPageBlockLimits = 0xb0;
inline constexpr uint8_t kPageCharacteristics = 0xb1;
inline constexpr uint8_t kPageProvisioning = 0xb2;

struct StandardInquiry {
  uint8_t qualifier = 0;          // 0: there is a logical unit
  uint8_t device_type = 0;        // 0: a block device
  uint8_t version = 6;            // 5 SPC-3, 6 SPC-4
  bool third_party_copy = false;  // 3PC. Old firmware may copy and not say so
  bool protect = false;
  bool command_queueing = true;
  bool hierarchical = false;       // HISUP
  uint8_t target_port_groups = 0;  // TPGS: 1 for implicit changes of access states only
  std::string vendor;              // at most 8, without the padding
  std::string product;             // 16
  std::string revision;            // 4
  // At most 8: standards that are claimed. With one or more of them there are 96 bytes of data instead of 36.
  std::vector<uint16_t> versions;
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

// 80h.
Bytes encode_serial(uint8_t device_type, std::string_view serial);

// 83h.
Bytes encode_identification(uint8_t device_type, const std::vector<Designator>& designators);
// Designators up to the first one that is cut off.
std::optional<std::vector<Designator>> decode_identification(View data);

// 86h (SPC-4 7.8.7).
struct ExtendedInquiry {
  bool simple = false, ordered = false, head_of_queue = false;  // task attributes
  bool volatile_cache = false;                                  // V_SUP
  uint8_t max_sense = 0;  // MAXIMUM SUPPORTED SENSE DATA LENGTH
};
Bytes encode(uint8_t device_type, const ExtendedInquiry& inquiry);

// B0h. 0 is "not reported" everywhere.
struct BlockLimits {
  bool write_same_needs_count = false;  // WSNZ: 0 blocks are not "to the end"
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

// B1h: 1 stands for a medium that does not rotate, 0 for "not reported".
Bytes encode_characteristics(uint8_t device_type, uint16_t rotation_rate);

// B2h.
struct Provisioning {
  bool unmap = false, write_same_16 = false,
       write_same_10 = false;  // what unmaps: LBPU, LBPWS, LBPWS10
  bool reads_zero = false;     // LBPRZ
  bool thin = false;           // PROVISIONING TYPE 2, else 0
};
Bytes encode(uint8_t device_type, const Provisioning& provisioning);

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
