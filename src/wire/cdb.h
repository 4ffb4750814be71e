// Command descriptor blocks: those that a copy needs, built and taken apart.
#pragma once

#include <array>
#include <variant>

#include "wire/sense.h"

namespace libcopyfile::wire {

struct Cdb {
  std::array<uint8_t, 16> bytes{};
  uint8_t length = 16;

  View view() const { return View(std::span(bytes)).part(0, length); }
  bool operator==(const Cdb&) const = default;
};

enum class Opcode : uint8_t {
  test_unit_ready = 0x00,
  inquiry = 0x12,
  third_party_copy_out = 0x83,
  third_party_copy_in = 0x84,
  read_16 = 0x88,
  write_16 = 0x8a,
  synchronize_cache_16 = 0x91,
  service_action_in_16 = 0x9e,
};

// Service actions of THIRD-PARTY COPY OUT (83h).
enum class CopyOut : uint8_t {
  extended_copy_lid1 = 0x00,
  extended_copy_lid4 = 0x01,
  populate_token = 0x10,
  write_using_token = 0x11,
  copy_operation_abort = 0x1c,
};

// Service actions of THIRD-PARTY COPY IN (84h).
enum class CopyIn : uint8_t {
  copy_status_lid1 = 0x00,
  operating_parameters = 0x03,
  failed_segment_details = 0x04,
  copy_status_lid4 = 0x05,
  rod_token_information = 0x07,
  report_all_rod_tokens = 0x08,
};

// How the commands of one copy are named: one byte in LID1, four in LID4 and with tokens.
struct CopyOutCdb {
  CopyOut action = CopyOut::extended_copy_lid1;
  uint32_t list_id =
      0;  // of the commands with tokens and of the abort; else it is in the parameter list
  uint32_t parameter_length = 0;
  uint8_t group = 0;
  bool operator==(const CopyOutCdb&) const = default;
};

struct CopyInCdb {
  CopyIn action = CopyIn::operating_parameters;
  uint32_t list_id = 0;
  uint32_t allocation_length = 0;
  bool operator==(const CopyInCdb&) const = default;
};

struct InquiryCdb {
  std::optional<uint8_t> page;  // of vital product data; nothing: standard data
  uint16_t allocation_length = 0;
  bool operator==(const InquiryCdb&) const = default;
};

// READ(16), WRITE(16), SYNCHRONIZE CACHE(16).
struct BlocksCdb {
  Opcode opcode = Opcode::read_16;
  uint64_t lba = 0;
  uint32_t blocks = 0;
  bool operator==(const BlocksCdb&) const = default;
};

struct ReadCapacityCdb {
  uint32_t allocation_length = 0;
  bool operator==(const ReadCapacityCdb&) const = default;
};

struct TestUnitReadyCdb {
  bool operator==(const TestUnitReadyCdb&) const = default;
};

using Command =
    std::variant<TestUnitReadyCdb, InquiryCdb, ReadCapacityCdb, BlocksCdb, CopyOutCdb, CopyInCdb>;

Cdb encode(const TestUnitReadyCdb& command);
Cdb encode(const InquiryCdb& command);
Cdb encode(const ReadCapacityCdb& command);
Cdb encode(const BlocksCdb& command);
Cdb encode(const CopyOutCdb& command);
Cdb encode(const CopyInCdb& command);
Cdb encode(const Command& command);

// 5/20/00 for what is none of these, 5/24/00 with the field for a service action that is none.
Decoded<Command> decode_cdb(View cdb);

}  // namespace libcopyfile::wire
