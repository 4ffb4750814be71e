// Sense data (SPC-4 4.5): why a SCSI command was refused or stopped. Fixed and descriptor format, with the parts that copies
// use: how much was done, which segment failed, and the sense data that the copy manager got from the devices it copied
// between.
#pragma once

#include <optional>
#include <tl/expected.hpp>
#include <vector>

#include "wire/bytes.h"

namespace libcopyfile::wire {

enum class SenseKey : uint8_t {
  no_sense,
  recovered_error,
  not_ready,
  medium_error,
  hardware_error,
  illegal_request,
  unit_attention,
  data_protect,
  blank_check,
  vendor_specific,
  copy_aborted,
  aborted_command,
  reserved,
  volume_overflow,
  miscompare,
  completed,
};

struct SenseCode {
  SenseKey key = SenseKey::no_sense;
  uint8_t asc = 0;   // additional sense code
  uint8_t ascq = 0;  // and its qualifier
  constexpr bool operator==(const SenseCode&) const = default;
};

// Which field was wrong.
struct FieldPointer {
  // Illegal request: the field is in the CDB, else in the parameter data. Copy aborted: it is counted from the beginning of
  // the segment descriptor, else from that of the parameter list.
  bool special = false;
  uint16_t byte = 0;
  std::optional<uint8_t> bit;
  bool operator==(const FieldPointer&) const = default;
};

// What a device answered to the copy manager.
struct ForwardedSense {
  enum class From : uint8_t { unknown, source, destination } from = From::unknown;
  uint8_t status = 0;
  Bytes sense;
  bool operator==(const ForwardedSense&) const = default;
};

struct Sense {
  SenseCode code;
  bool deferred = false;                     // of an earlier command
  std::optional<uint64_t> information;       // copies: how many blocks were moved
  std::optional<uint64_t> command_specific;  // see failed_segment()
  std::optional<FieldPointer> pointer;
  std::vector<ForwardedSense> forwarded;

  // EXTENDED COPY: the number of the segment descriptor at which it stopped; those before it are done. In the fixed format it
  // has bytes 10 and 11, behind two offsets of forwarded sense data.
  std::optional<uint16_t> failed_segment() const {
    if (!command_specific) return std::nullopt;
    return static_cast<uint16_t>(*command_specific);
  }
  bool operator==(const Sense&) const = default;
};

// What a decoder of parameter data gives: the value, or what the device server answers.
template <class T>
using Decoded = tl::expected<T, Sense>;

// A refusal of parameter data (or of the CDB) that points to the field.
Sense refusal(SenseCode code);
Sense refusal_at(SenseCode code, size_t byte);
Sense refusal_of_cdb(SenseCode code, size_t byte);

// Sense data is at most this long (SPC-4 4.5.1).
inline constexpr size_t kMaxSense = 252;

// Nothing where it is no sense data (another response code, or less than the sense key).
std::optional<Sense> decode_sense(View data);
// 18 bytes, more only where there is forwarded sense data. Information of more than 32 bits is left out, as SPC says.
Bytes encode_fixed_sense(const Sense& sense);
Bytes encode_descriptor_sense(const Sense& sense);

}  // namespace libcopyfile::wire
