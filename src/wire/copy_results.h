// What a copy manager says of itself and of its copies: THIRD-PARTY COPY IN (SPC-4 6.18 to 6.21).
#pragma once

#include <optional>

#include "wire/bytes.h"

namespace libcopyfile::wire {

// RECEIVE COPY OPERATING PARAMETERS: the limits of EXTENDED COPY. 0 as a length means no limit.
struct OperatingParameters {
  bool no_list_id = false;  // SNLID: lists without an identifier are accepted
  uint16_t max_cscds = 0;
  uint16_t max_segments = 0;
  uint32_t max_descriptors_length = 0;
  uint32_t max_segment_length = 0;  // bytes
  uint32_t max_inline_length = 0;
  uint32_t held_data_limit = 0;
  uint32_t max_stream_transfer = 0;
  uint16_t total_concurrent_copies = 0;
  uint8_t max_concurrent_copies = 0;
  uint8_t segment_granularity = 0;  // log2 of bytes
  uint8_t inline_granularity = 0;
  uint8_t held_data_granularity = 0;
  Bytes descriptor_types;  // CSCD and segment descriptors that it has
  bool operator==(const OperatingParameters&) const = default;
};

Bytes encode(const OperatingParameters& parameters);
// Nothing where the fixed part (44 bytes) is not all there.
std::optional<OperatingParameters> decode_operating_parameters(View data);

// Unit of a transfer count: 0 bytes, 1 KiB, 2 MiB and so on to 6 (EiB), F1h logical blocks.
inline constexpr uint8_t kUnitBytes = 0x00;
inline constexpr uint8_t kUnitBlocks = 0xf1;
// Nothing for a unit that is none, or for more than fits.
std::optional<uint64_t> count_in_bytes(uint8_t unit, uint64_t count, uint32_t block_length);

// RECEIVE COPY STATUS(LID1).
struct CopyStatus {
  enum class State : uint8_t { in_progress = 0, complete = 1, error = 2 };
  bool held_data_discarded = false;
  State state = State::in_progress;
  uint16_t segments_processed = 0;
  uint8_t unit = kUnitBytes;
  uint32_t count = 0;
  bool operator==(const CopyStatus&) const = default;
};

Bytes encode(const CopyStatus& status);
std::optional<CopyStatus> decode_copy_status(View data);

// RECEIVE COPY FAILURE DETAILS(LID1): the outcome of a list that failed. Both parts are empty where there is none.
struct FailureDetails {
  uint8_t status = 0;  // SCSI status of the EXTENDED COPY command
  Bytes sense;
  bool operator==(const FailureDetails&) const = default;
};

Bytes encode(const FailureDetails& details);
std::optional<FailureDetails> decode_failure_details(View data);

// RECEIVE COPY STATUS(LID4), and the head of RECEIVE ROD TOKEN INFORMATION.
struct OperationStatus {
  // Values outside this list exist in standards to come: nothing is concluded from them.
  enum class State : uint8_t {
    none = 0x00,
    complete = 0x01,
    error = 0x02,
    complete_rod_partly_used = 0x03,
    complete_with_residual = 0x04,
    in_progress = 0x10,
    in_progress_foreground = 0x11,
    in_progress_background = 0x12,
    terminated = 0x60,
  };
  static constexpr uint32_t kDelayUnknown = 0xfffffffe;

  uint8_t service_action = 0;  // of the command that it is about
  State state = State::none;
  uint16_t counter = 0;
  uint32_t delay_ms = 0;  // until asking again makes sense; from kDelayUnknown on it is not known
  uint8_t completion_status = 0;
  uint8_t unit = kUnitBlocks;
  uint64_t count = 0;
  uint16_t segments_processed = 0;
  Bytes sense;

  bool running() const {
    return state == State::in_progress || state == State::in_progress_foreground ||
           state == State::in_progress_background;
  }
  bool operator==(const OperationStatus&) const = default;
};

Bytes encode(const OperationStatus& status);
// Nothing where the fixed part (32 bytes) or the announced sense data is not there.
std::optional<OperationStatus> decode_operation_status(View data);

}  // namespace libcopyfile::wire
