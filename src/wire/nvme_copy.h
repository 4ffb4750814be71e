// NVMe Copy (opcode 19h): many source ranges to one run of blocks of the destination, and what a controller and a namespace
// say of it (NVM Command Set 3.2.2; TP4130 for formats 2 and 3).
#pragma once

#include <array>
#include <optional>
#include <vector>

#include "wire/bytes.h"

namespace libcopyfile::wire {

// Formats of the ranges. 1 and 3 have room for larger protection information; 2 and 3 name the namespace of the source.
enum class CopyFormat : uint8_t { f0, f1, f2, f3 };
constexpr bool names_namespace(CopyFormat format) { return format >= CopyFormat::f2; }
constexpr size_t entry_size(CopyFormat format) {
  return format == CopyFormat::f0 || format == CopyFormat::f2 ? 32 : 40;
}

// Tags of protection information are not here: namespaces that have any are refused.
struct NvmeRange {
  uint32_t namespace_id = 0;  // of the source, in formats 2 and 3
  uint64_t lba = 0;
  uint32_t blocks = 0;     // 1 to 65536
  bool fast_only = false;  // formats 2 and 3: fail rather than copy through the controller's memory
  bool operator==(const NvmeRange&) const = default;
};

// REQUIRES 1 to 65536 blocks in each.
Bytes encode_ranges(CopyFormat format, const std::vector<NvmeRange>& ranges);
// As many whole entries as there are.
std::vector<NvmeRange> decode_ranges(CopyFormat format, View data);

struct CopyCommand {
  static constexpr uint8_t kOpcode = 0x19;
  uint64_t destination_lba = 0;
  uint16_t ranges = 1;  // 1 to 256
  CopyFormat format = CopyFormat::f0;
  bool force_unit_access = false;
  bool limited_retry = false;
  bool operator==(const CopyCommand&) const = default;
};

// Dwords 10 to 15.
using CommandDwords = std::array<uint32_t, 6>;
CommandDwords encode(const CopyCommand& command);
CopyCommand decode_copy_command(const CommandDwords& dwords);

// Read, as far as looking at a copy needs it.
struct ReadCommand {
  static constexpr uint8_t kOpcode = 0x02;
  uint64_t lba = 0;
  uint32_t blocks = 1;  // 1 to 65536
  bool operator==(const ReadCommand&) const = default;
};
CommandDwords encode(const ReadCommand& command);
ReadCommand decode_read_command(const CommandDwords& dwords);

// Identify Controller (4096 bytes).
struct ControllerCopy {
  bool copy = false;     // ONCS bit 8
  uint16_t formats = 0;  // bit n: format n
  bool has(CopyFormat format) const { return (formats >> static_cast<unsigned>(format) & 1) != 0; }
  bool operator==(const ControllerCopy&) const = default;
};
std::optional<ControllerCopy> decode_controller_copy(View identify);
Bytes encode(const ControllerCopy& controller);

// Host Behavior Support (feature 16h, 512 bytes): formats 2 and 3 are there only for a host that has said that it knows them.
// Bit n: format n.
uint16_t decode_enabled_formats(View host_behavior);
Bytes encode_enabled_formats(uint16_t formats);

// Identify Namespace (4096 bytes). Where max_range or max_total is 0, nothing can be copied.
struct NamespaceCopy {
  uint64_t blocks = 0;
  uint32_t block_length = 0;
  uint16_t metadata_length = 0;
  bool protection = false;  // end to end, any type
  uint16_t max_range = 0;   // MSSRL: blocks of one range
  uint32_t max_total = 0;   // MCL: blocks of one command
  uint16_t max_ranges = 0;  // MSRC, here 1 to 256
  bool operator==(const NamespaceCopy&) const = default;
};
std::optional<NamespaceCopy> decode_namespace_copy(View identify);
// REQUIRES a block length that is a power of two, and 1 to 256 ranges.
Bytes encode(const NamespaceCopy& space);

}  // namespace libcopyfile::wire
