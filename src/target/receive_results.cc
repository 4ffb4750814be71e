// What became of copies (THIRD-PARTY COPY IN, 84h) and how one is stopped (COPY OPERATION ABORT).
#include <algorithm>

#include "target/copy_state.h"
#include "wire/sense_codes.h"

namespace libcopyfile::target {
namespace {

using namespace wire;

constexpr size_t kListIdField = 2;
// How long to wait before asking again makes sense.
constexpr uint32_t kDelayMs = 100;
// The counter of progress goes on by one with so many bytes.
constexpr unsigned kCounterShift = 20;

Outcome unknown_list() {
  return Outcome::refused(refusal_of_cdb(codes::kInvalidFieldInCdb, kListIdField));
}

// Bytes as LID1 says them: in the smallest unit in which 32 bits hold them.
void put_count(uint64_t bytes, wire::CopyStatus& status) {
  while (bytes > UINT32_MAX) {
    bytes >>= 10;
    ++status.unit;
  }
  status.count = static_cast<uint32_t>(bytes);
}

wire::CopyStatus status_lid1(const Operation& operation) {
  using State = wire::CopyStatus::State;
  wire::CopyStatus status;
  const auto result = operation.result();
  status.state = !result                ? State::in_progress
                 : result->outcome.ok() ? State::complete
                                        : State::error;
  status.segments_processed = operation.segments();
  put_count(operation.bytes(), status);
  return status;
}

Bytes sense_of(const OperationResult& result) {
  if (result.outcome.status != Status::check_condition) return {};
  return encode_fixed_sense(result.outcome.sense);
}

OperationStatus status_lid4(const Operation& operation) {
  const auto result = operation.result();
  const bool token = operation.info().action == CopyOut::populate_token ||
                     operation.info().action == CopyOut::write_using_token;
  OperationStatus status;
  status.service_action = static_cast<uint8_t>(operation.info().action);
  status.state = OperationStatus::State::in_progress;
  status.counter = static_cast<uint16_t>(operation.bytes() >> kCounterShift);
  // SBC-3 wants blocks with tokens, and no segments, there being none.
  status.unit = token ? kUnitBlocks : kUnitBytes;
  status.count = token ? operation.bytes() / operation.info().block_length : operation.bytes();
  status.segments_processed = operation.segments();
  status.delay_ms = result ? 0 : kDelayMs;
  if (!result) return status;
  status.state = result->state;
  status.completion_status = static_cast<uint8_t>(result->outcome.status);
  status.sense = sense_of(*result);
  return status;
}

FailureDetails details_of(const Operation& operation) {
  const auto result = operation.result();
  if (!result || result->outcome.ok()) return {};
  return {static_cast<uint8_t>(result->outcome.status), sense_of(*result)};
}

// AVAILABLE DATA of 0 where there are none (SPC-4 6.21).
Bytes encode_details(const FailureDetails& details) {
  return details.status == 0 ? Bytes(4) : encode(details);
}

TokenInformation information(const Operation& operation) {
  const auto result = operation.result();
  TokenInformation information;
  information.status = status_lid4(operation);
  if (result) information.token = result->token;
  // A token that was not made stands for nothing.
  const bool made = operation.info().action != CopyOut::populate_token || !result || result->token;
  if (!made) information.status.count = 0;
  return information;
}

}  // namespace

Outcome CopyManager::State::receive(Context& context) {
  const auto command = decode_cdb(context.cdb());
  if (!command) return Outcome::refused(command.error());
  const auto* cdb = std::get_if<CopyInCdb>(&*command);
  if (cdb == nullptr) return Outcome::refused(refusal_of_cdb(codes::kInvalidFieldInCdb, 1));
  const auto answer = [&](const Bytes& data) {
    context.answer(data, cdb->allocation_length);
    return Outcome::good();
  };
  switch (cdb->action) {
    case CopyIn::operating_parameters:
      return answer(encode(device.copies().operating_parameters()));
    case CopyIn::report_all_rod_tokens:
      return answer(encode_token_report(tokens.of(context.nexus.initiator)));
    default: break;
  }
  const bool lid1 =
      cdb->action == CopyIn::copy_status_lid1 || cdb->action == CopyIn::failed_segment_details;
  const OperationPtr operation =
      operations.find(context.nexus.id, *context.unit, cdb->list_id, lid1);
  if (operation == nullptr) return unknown_list();
  const auto result = operation->result();
  switch (cdb->action) {
    case CopyIn::copy_status_lid1:
      // It is told once (SPC-4 6.20), but for a failure, whose details are still to be asked for.
      if (result && result->outcome.ok()) operations.forget(operation);
      return answer(encode(status_lid1(*operation)));
    case CopyIn::failed_segment_details:
      if (result) operations.forget(operation);
      return answer(encode_details(details_of(*operation)));
    case CopyIn::copy_status_lid4: return answer(encode(status_lid4(*operation)));
    default: return answer(encode(information(*operation)));
  }
}

Outcome CopyManager::State::abort(Context& context) {
  const uint32_t list_id = context.cdb().be32(kListIdField);
  const OperationPtr operation = operations.find(context.nexus.id, *context.unit, list_id, false);
  if (operation == nullptr) return unknown_list();
  operation->stop();
  return Outcome::good();
}

}  // namespace libcopyfile::target
