// The parameter list of EXTENDED COPY (SPC-4 6.4, 6.5): which devices (CSCD descriptors), which blocks (segment descriptors).
// LID1 is what targets implement; LID4 is the same list behind another header.
#pragma once

#include <array>
#include <variant>
#include <vector>

#include "wire/designator.h"
#include "wire/sense.h"

namespace libcopyfile::wire {

enum class Lid : uint8_t { lid1, lid4 };

enum class ListIdUsage : uint8_t {
  hold = 0,     // the status of the list is kept until it is fetched
  discard = 2,  // the status may be dropped when the copy is done
  none = 3,     // there is no list identifier: no status can be asked for
};

// CSCD identification descriptor, E4h.
struct Cscd {
  static constexpr uint8_t kType = 0xe4;
  static constexpr size_t kSize = 32;
  static constexpr size_t kMaxDesignator = 20;

  Designator designator;
  uint8_t device_type = 0;
  uint8_t lu_id_type = 0;
  bool null_device = false;
  uint16_t initiator_port = 0;
  bool pad = false;
  uint32_t block_length = 512;  // 24 bits
  bool operator==(const Cscd&) const = default;
};

// REQUIRES a designator of at most kMaxDesignator bytes.
std::array<uint8_t, Cscd::kSize> encode(const Cscd& cscd);

// Segment descriptors. CSCDs are named by their index in the list.

// 02h: blocks to blocks.
struct BlockSegment {
  static constexpr uint8_t kType = 0x02;
  static constexpr size_t kSize = 28;
  uint16_t source = 0;
  uint16_t destination = 0;
  uint16_t blocks = 0;
  uint64_t source_lba = 0;
  uint64_t destination_lba = 0;
  bool count_of_destination = false;  // DC: `blocks` are those of the destination
  bool concatenate = false;           // CAT
  bool operator==(const BlockSegment&) const = default;
};

// 0Ah: blocks with byte offsets to blocks with byte offsets.
struct ByteSegment {
  static constexpr uint8_t kType = 0x0a;
  static constexpr size_t kSize = 32;
  uint16_t source = 0;
  uint16_t destination = 0;
  uint32_t bytes = 0;
  uint64_t source_lba = 0;
  uint64_t destination_lba = 0;
  uint16_t source_offset = 0;
  uint16_t destination_offset = 0;
  bool concatenate = false;
  bool operator==(const ByteSegment&) const = default;
};

// 07h: is the device there?
struct VerifySegment {
  static constexpr uint8_t kType = 0x07;
  static constexpr size_t kSize = 12;
  uint16_t source = 0;
  bool test_unit_ready = false;
  bool operator==(const VerifySegment&) const = default;
};

// 14h: the copy manager registers a persistent reservation key.
struct RegisterKeySegment {
  static constexpr uint8_t kType = 0x14;
  static constexpr size_t kSize = 28;
  uint16_t destination = 0;
  uint64_t key = 0;
  uint64_t service_action_key = 0;
  bool operator==(const RegisterKeySegment&) const = default;
};

using Segment = std::variant<BlockSegment, ByteSegment, VerifySegment, RegisterKeySegment>;
size_t encoded_size(const Segment& segment);

struct CopyList {
  Lid lid = Lid::lid1;
  uint32_t list_id = 0;  // LID1: one byte
  ListIdUsage usage = ListIdUsage::none;
  uint8_t priority = 0;
  bool sequential_striped = false;  // STR
  bool immediate = false;           // LID4: IMMED
  bool sense_in_status = false;     // LID4: G_SENSE
  std::vector<Cscd> cscds;
  std::vector<Segment> segments;
  bool operator==(const CopyList&) const = default;
};

// What the device server accepts. Descriptor types that it does not have are refused with its own codes.
struct CopyListLimits {
  uint16_t cscds = UINT16_MAX;
  uint16_t segments = UINT16_MAX;
  uint32_t descriptors_length = UINT32_MAX;  // bytes of both lists
};

inline constexpr size_t kLid1Header = 16;
inline constexpr size_t kLid4Header = 48;

// REQUIRES designators of at most Cscd::kMaxDesignator bytes and lists that their length fields can say (64 KiB of CSCDs; of
// segments too in LID4).
Bytes encode_copy_list(const CopyList& list);

// Checked, in the order in which initiators expect to be refused: the lengths, the sum of the descriptors before their counts,
// the types of all descriptors before anything in them, then each field. Not checked, because only the copy manager can: CSCD
// indexes, designators, block numbers. An empty list is legal and copies nothing.
Decoded<CopyList> decode_copy_list(Lid lid, View data, const CopyListLimits& limits);

}  // namespace libcopyfile::wire
