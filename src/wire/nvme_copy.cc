#include "wire/nvme_copy.h"

#include <bit>

namespace libcopyfile::wire {
namespace {

constexpr size_t kIdentify = 4096;
constexpr size_t kHostBehavior = 512;
constexpr uint16_t kFastOnly = 0x8000;  // FCO in SOPT
constexpr uint16_t kHasCopy = 0x0100;   // in ONCS

}  // namespace

Bytes encode_ranges(CopyFormat format, const std::vector<NvmeRange>& ranges) {
  const size_t size = entry_size(format);
  Bytes bytes(ranges.size() * size);
  Writer out(bytes);
  size_t at = 0;
  for (const NvmeRange& range : ranges) {
    out.le64(at + 8, range.lba);
    out.le16(at + 16, static_cast<uint16_t>(range.blocks - 1));
    if (names_namespace(format)) {
      out.le32(at, range.namespace_id);
      out.le16(at + 22, range.fast_only ? kFastOnly : uint16_t{0});
    }
    at += size;
  }
  return bytes;
}

std::vector<NvmeRange> decode_ranges(CopyFormat format, View data) {
  const size_t size = entry_size(format);
  std::vector<NvmeRange> ranges;
  for (size_t at = 0; data.has(at, size); at += size) {
    NvmeRange range;
    range.lba = data.le64(at + 8);
    range.blocks = uint32_t{data.le16(at + 16)} + 1;
    if (names_namespace(format)) {
      range.namespace_id = data.le32(at);
      range.fast_only = (data.le16(at + 22) & kFastOnly) != 0;
    }
    ranges.push_back(range);
  }
  return ranges;
}

CommandDwords encode(const CopyCommand& command) {
  CommandDwords dwords{};
  dwords[0] = static_cast<uint32_t>(command.destination_lba);
  dwords[1] = static_cast<uint32_t>(command.destination_lba >> 32);
  dwords[2] = ((command.ranges - 1U) & 0xffU) | static_cast<uint32_t>(command.format) << 8 |
              (command.force_unit_access ? 1U << 30 : 0U) | (command.limited_retry ? 1U << 31 : 0U);
  return dwords;
}

CopyCommand decode_copy_command(const CommandDwords& dwords) {
  CopyCommand command;
  command.destination_lba = uint64_t{dwords[1]} << 32 | dwords[0];
  command.ranges = static_cast<uint16_t>((dwords[2] & 0xff) + 1);
  command.format = static_cast<CopyFormat>(dwords[2] >> 8 & 0x0f);
  command.force_unit_access = (dwords[2] >> 30 & 1) != 0;
  command.limited_retry = (dwords[2] >> 31) != 0;
  return command;
}

CommandDwords encode(const ReadCommand& command) {
  CommandDwords dwords{};
  dwords[0] = static_cast<uint32_t>(command.lba);
  dwords[1] = static_cast<uint32_t>(command.lba >> 32);
  dwords[2] = (command.blocks - 1U) & 0xffffU;
  return dwords;
}

ReadCommand decode_read_command(const CommandDwords& dwords) {
  return {uint64_t{dwords[1]} << 32 | dwords[0], (dwords[2] & 0xffffU) + 1};
}

std::optional<ControllerCopy> decode_controller_copy(View identify) {
  if (identify.size() < kIdentify) return std::nullopt;
  return ControllerCopy{(identify.le16(520) & kHasCopy) != 0, identify.le16(534)};
}

Bytes encode(const ControllerCopy& controller) {
  Bytes identify(kIdentify);
  Writer out(identify);
  out.le16(520, controller.copy ? kHasCopy : uint16_t{0});
  out.le16(534, controller.formats);
  return identify;
}

uint16_t decode_enabled_formats(View host_behavior) { return host_behavior.le16(4); }

Bytes encode_enabled_formats(uint16_t formats) {
  Bytes host_behavior(kHostBehavior);
  Writer(host_behavior).le16(4, formats);
  return host_behavior;
}

std::optional<NamespaceCopy> decode_namespace_copy(View identify) {
  if (identify.size() < kIdentify) return std::nullopt;
  NamespaceCopy space;
  space.blocks = identify.le64(0);
  // FLBAS: the low four bits of the format in use, and two more where there are more than 16 formats.
  const unsigned flbas = identify.u8(26);
  const unsigned format = (flbas & 0x0f) | (identify.u8(25) >= 16 ? (flbas >> 5 & 3) << 4 : 0U);
  const size_t at = 128 + size_t{format} * 4;
  space.metadata_length = identify.le16(at);
  const unsigned exponent = identify.u8(at + 2);
  if (exponent < 9 || exponent > 31) return std::nullopt;
  space.block_length = uint32_t{1} << exponent;
  space.protection = (identify.u8(29) & 7) != 0;
  space.max_range = identify.le16(74);
  space.max_total = identify.le32(76);
  space.max_ranges = static_cast<uint16_t>(identify.u8(80) + 1);
  return space;
}

Bytes encode(const NamespaceCopy& space) {
  Bytes identify(kIdentify);
  Writer out(identify);
  out.le64(0, space.blocks);
  out.u8(29, space.protection ? 1 : 0);
  out.le16(74, space.max_range);
  out.le32(76, space.max_total);
  out.u8(80, static_cast<uint8_t>(space.max_ranges - 1));
  out.le16(128, space.metadata_length);
  out.u8(130, static_cast<uint8_t>(std::countr_zero(space.block_length)));
  return identify;
}

}  // namespace libcopyfile::wire
