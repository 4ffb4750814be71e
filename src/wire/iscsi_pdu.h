// The basic header segments of iSCSI (RFC 7143, 11), both ways: what an initiator sends and what a target sends.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "wire/bytes.h"

namespace libcopyfile::wire::iscsi {

inline constexpr size_t kHeaderSize = 48;
inline constexpr size_t kMaxAdditional = 255 * 4;  // additional header segments, all of them
inline constexpr size_t kDigestSize = 4;
inline constexpr size_t kMaxDataSegment = 0xffffff;
inline constexpr uint32_t kNoTag = 0xffffffff;

using Header = std::array<uint8_t, kHeaderSize>;
using Isid = std::array<uint8_t, 6>;

enum class Opcode : uint8_t {
  nop_out = 0x00,
  scsi_command = 0x01,
  task_management_request = 0x02,
  login_request = 0x03,
  text_request = 0x04,
  data_out = 0x05,
  logout_request = 0x06,
  snack_request = 0x10,
  nop_in = 0x20,
  scsi_response = 0x21,
  task_management_response = 0x22,
  login_response = 0x23,
  text_response = 0x24,
  data_in = 0x25,
  logout_response = 0x26,
  ready_to_transfer = 0x31,
  asynchronous_message = 0x32,
  reject = 0x3f,
};

// What every header says alike (11.2.1): how much follows it.
struct Framing {
  Opcode opcode = Opcode::nop_out;  // may be none of the list
  bool immediate = false;
  size_t additional = 0;  // bytes of additional header segments
  size_t data = 0;        // bytes of the data segment, without its padding

  size_t padding() const { return (4 - data % 4) % 4; }
};
Framing decode_framing(const Header& header);
// REQUIRES: at most kMaxDataSegment.
void set_data_length(Header& header, size_t length);

// An additional header segment (11.2.2).
struct Additional {
  static constexpr uint8_t kExtendedCdb = 1, kExpectedRead = 2;
  uint8_t type = 0;
  View content;  // behind the type
};
// Nothing where the lengths do not fit.
std::optional<std::vector<Additional>> parse_additional(View segments);

// Numbers that every PDU of a target carries.
struct TargetNumbers {
  uint32_t stat_sn = 0, exp_cmd_sn = 0, max_cmd_sn = 0;
};
// And most of an initiator.
struct InitiatorNumbers {
  uint32_t cmd_sn = 0, exp_stat_sn = 0;
};

struct NopOut {
  static constexpr Opcode kOpcode = Opcode::nop_out;
  bool immediate = false;
  uint64_t lun = 0;
  uint32_t tag = kNoTag, transfer_tag = kNoTag;
  InitiatorNumbers numbers;
};

struct ScsiCommand {
  static constexpr Opcode kOpcode = Opcode::scsi_command;
  bool immediate = false, final = false, read = false, write = false;
  uint8_t attribute = 0;  // 0 untagged, 1 simple, 2 ordered, 3 head of queue, 4 ACA
  uint64_t lun = 0;
  uint32_t tag = 0, expected_length = 0;
  InitiatorNumbers numbers;
  std::array<uint8_t, 16> cdb{};
};

enum class TaskFunction : uint8_t {
  abort_task = 1,
  abort_task_set = 2,
  clear_aca = 3,
  clear_task_set = 4,
  logical_unit_reset = 5,
  target_warm_reset = 6,
  target_cold_reset = 7,
  task_reassign = 8,
};

struct TaskManagementRequest {
  static constexpr Opcode kOpcode = Opcode::task_management_request;
  bool immediate = false;
  uint8_t function = 0;
  uint64_t lun = 0;
  uint32_t tag = 0, referenced_tag = kNoTag;
  InitiatorNumbers numbers;
  uint32_t referenced_cmd_sn = 0, exp_data_sn = 0;
};

struct LoginRequest {
  static constexpr Opcode kOpcode = Opcode::login_request;
  bool transit = false, more = false;
  uint8_t stage = 0, next_stage = 0, version_max = 0, version_min = 0;
  Isid isid{};
  uint16_t tsih = 0;
  uint32_t tag = 0;
  uint16_t connection = 0;
  InitiatorNumbers numbers;
};

struct TextRequest {
  static constexpr Opcode kOpcode = Opcode::text_request;
  bool immediate = false, final = false, more = false;
  uint64_t lun = 0;
  uint32_t tag = 0, transfer_tag = kNoTag;
  InitiatorNumbers numbers;
};

struct DataOut {
  static constexpr Opcode kOpcode = Opcode::data_out;
  bool final = false;
  uint64_t lun = 0;
  uint32_t tag = 0, transfer_tag = kNoTag, exp_stat_sn = 0, data_sn = 0, offset = 0;
};

struct LogoutRequest {
  static constexpr Opcode kOpcode = Opcode::logout_request;
  bool immediate = false;
  uint8_t reason = 0;  // 0 session, 1 connection, 2 connection for recovery
  uint32_t tag = 0;
  uint16_t connection = 0;
  InitiatorNumbers numbers;
};

struct SnackRequest {
  static constexpr Opcode kOpcode = Opcode::snack_request;
  uint8_t type = 0;
  uint64_t lun = 0;
  uint32_t tag = 0, transfer_tag = kNoTag, exp_stat_sn = 0, begin = 0, length = 0;
};

struct NopIn {
  static constexpr Opcode kOpcode = Opcode::nop_in;
  uint64_t lun = 0;
  uint32_t tag = kNoTag, transfer_tag = kNoTag;
  TargetNumbers numbers;
};

// O and U: what the initiator expected was too little, or too much.
struct Residual {
  bool overflow = false, underflow = false;
  uint32_t count = 0;
  bool operator==(const Residual&) const = default;
};

struct ScsiResponse {
  static constexpr Opcode kOpcode = Opcode::scsi_response;
  uint8_t response = 0;  // 0 completed at target, 1 target failure
  uint8_t status = 0;
  uint32_t tag = 0;
  TargetNumbers numbers;
  uint32_t exp_data_sn = 0;
  Residual residual;
};

struct TaskManagementResponse {
  static constexpr Opcode kOpcode = Opcode::task_management_response;
  // 0 complete, 1 no such task, 2 no such unit, 3 still allegiant, 4 no reassignment, 5 not supported, 6 not authorised, 255 rejected
  uint8_t response = 0;
  uint32_t tag = 0;
  TargetNumbers numbers;
};

struct LoginResponse {
  static constexpr Opcode kOpcode = Opcode::login_response;
  bool transit = false, more = false;
  uint8_t stage = 0, next_stage = 0, version_max = 0, version_active = 0;
  Isid isid{};
  uint16_t tsih = 0;
  uint32_t tag = 0;
  TargetNumbers numbers;
  uint16_t status = 0;  // class and detail
};

struct TextResponse {
  static constexpr Opcode kOpcode = Opcode::text_response;
  bool final = false, more = false;
  uint64_t lun = 0;
  uint32_t tag = 0, transfer_tag = kNoTag;
  TargetNumbers numbers;
};

struct DataIn {
  static constexpr Opcode kOpcode = Opcode::data_in;
  bool final = false, acknowledge = false;
  bool has_status = false;  // S: status, residual and StatSN count
  uint8_t status = 0;
  uint64_t lun = 0;
  uint32_t tag = 0, transfer_tag = kNoTag;
  TargetNumbers numbers;
  uint32_t data_sn = 0, offset = 0;
  Residual residual;
};

struct LogoutResponse {
  static constexpr Opcode kOpcode = Opcode::logout_response;
  uint8_t response = 0;  // 0 closed, 1 no such connection, 2 no recovery, 3 failed
  uint32_t tag = 0;
  TargetNumbers numbers;
  uint16_t time_to_wait = 0, time_to_retain = 0;
};

struct ReadyToTransfer {
  static constexpr Opcode kOpcode = Opcode::ready_to_transfer;
  uint64_t lun = 0;
  uint32_t tag = 0, transfer_tag = 0;
  TargetNumbers numbers;
  uint32_t r2t_sn = 0, offset = 0, length = 0;
};

struct AsynchronousMessage {
  static constexpr Opcode kOpcode = Opcode::asynchronous_message;
  uint64_t lun = 0;
  TargetNumbers numbers;
  uint8_t event =
      0;  // 0 SCSI, 1 log out, 2 connection is dropped, 3 session is dropped, 4 negotiate
  uint8_t code = 0;
  uint16_t parameter1 = 0, parameter2 = 0, parameter3 = 0;
};

enum class RejectReason : uint8_t {
  data_digest_error = 0x02,
  snack = 0x03,
  protocol_error = 0x04,
  not_supported = 0x05,
  too_many_immediate = 0x06,
  task_in_progress = 0x07,
  invalid_field = 0x09,
  out_of_resources = 0x0a,
  waiting_for_logout = 0x0c,
};

struct Reject {
  static constexpr Opcode kOpcode = Opcode::reject;
  uint8_t reason = 0;
  TargetNumbers numbers;
  uint32_t data_sn = 0;
};

// Any header is one of any type: what the fields say is for the caller to check. Reserved fields are not looked at, as 11.1 asks.
template <class Pdu>
Pdu decode(const Header& header);
// With no data segment.
template <class Pdu>
Header encode(const Pdu& pdu);

}  // namespace libcopyfile::wire::iscsi
