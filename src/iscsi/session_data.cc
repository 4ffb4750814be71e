// Data that initiators send: with the command, unasked behind it, and as we ask for them (RFC 7143, 4.2.5.2).
#include <algorithm>
#include <cstring>

#include "iscsi/connection.h"
#include "iscsi/session.h"

namespace libcopyfile::iscsi {

using target::Outcome;
using target::Status;
using wire::iscsi::RejectReason;

namespace {

// iSCSI conditions as sense data (11.4.7.2).
constexpr wire::SenseCode kUnexpectedData{wire::SenseKey::aborted_command, 0x0c, 0x0c};
constexpr wire::SenseCode kWrongAmount{wire::SenseKey::aborted_command, 0x0c, 0x0d};
constexpr wire::SenseCode kCrcError{wire::SenseKey::aborted_command, 0x47, 0x05};

}  // namespace

// Where the immediate data of a new command go.
std::span<uint8_t> Session::prepare_data(Command& command, bool final, size_t immediate) {
  command.moved = hub_.now;
  command.whole = true;
  if (!command.write) return {};
  const uint32_t most = std::min(parameters_.unsolicited(), command.expected);
  command.wanted = std::min(command.expected, options_->limits.max_transfer);
  command.unsolicited_most = std::min(most, command.wanted);
  command.unsolicited = !final;
  if ((immediate > 0 && !parameters_.immediate_data) || (!final && parameters_.initial_r2t)) {
    fail(command, kUnexpectedData);
  } else if (immediate > command.unsolicited_most) {
    fail(command, kWrongAmount);
  }
  if (!command.failure && make_whole(command))
    return command.task->data_out.span().first(immediate);
  // No memory for all of it. What comes unasked needs some now; the rest is not asked for until there is some.
  if (command.failure || (immediate == 0 && final)) return {};
  const uint32_t now = final ? static_cast<uint32_t>(immediate) : command.unsolicited_most;
  // Half is for commands that can be finished.
  if (memory_->half_free(now) && command.lease.take(memory_, now)) {
    command.task->data_out = target::TransferBuffer(now);
  }
  if (command.task->data_out.size() < now) {
    command.failure = Outcome::of(Status::task_set_full);
    return {};
  }
  return command.task->data_out.span().first(immediate);
}

// Memory for all that the command wants, with what came so far.
bool Session::make_whole(Command& command) {
  command.whole = false;
  Lease lease;
  if (!lease.take(memory_, command.wanted)) {
    waits_for_memory_ = true;
    return false;
  }
  target::TransferBuffer whole(command.wanted);
  if (whole.size() < command.wanted) {
    command.failure = Outcome::of(Status::task_set_full);
    return false;
  }
  if (command.received > 0) {
    std::memcpy(whole.span().data(), command.task->data_out.span().data(), command.received);
  }
  command.task->data_out = std::move(whole);
  command.lease = std::move(lease);
  command.whole = true;
  return true;
}

std::span<uint8_t> Session::data_out_came(const ReceivedPdu& pdu) {
  const auto data = wire::iscsi::decode<wire::iscsi::DataOut>(pdu.header);
  const auto found = commands_.find(data.tag);
  // Of a command that we have answered already: what was under way then.
  if (found == commands_.end() || found->second->submitted) {
    ignored_ = true;
    return {};
  }
  Command& command = *found->second;
  const bool unasked = data.transfer_tag == wire::iscsi::kNoTag;
  uint64_t offset = command.received, until = command.unsolicited_most;
  uint32_t data_sn = command.unsolicited_sn;
  if (!unasked) {
    const auto burst =
        std::find_if(command.bursts.begin(), command.bursts.end(),
                     [&](const Burst& b) { return b.transfer_tag == data.transfer_tag; });
    if (burst == command.bursts.end()) {
      ignored_ = true;
      return {};
    }
    // Sequences come in the order in which they were asked for (DataSequenceInOrder=Yes).
    if (burst != command.bursts.begin()) fail(command, kWrongAmount);
    offset = uint64_t{burst->offset} + burst->received;
    until = uint64_t{burst->offset} + burst->length;
    data_sn = burst->data_sn;
  } else if (!command.unsolicited) {
    fail(command, kUnexpectedData);
  }
  filling_ = &command;
  const uint64_t length = pdu.framing.data;
  if (data.data_sn != data_sn || data.offset != offset) fail(command, kCrcError);
  if (offset + length > until) fail(command, kWrongAmount);
  if (command.failure || command.aborted) return {};
  return command.task->data_out.span().subspan(offset, length);
}

void Session::data_out_complete(const ReceivedPdu& pdu, bool digest_is_good) {
  if (filling_ == nullptr) return;
  Command& command = *std::exchange(filling_, nullptr);
  const auto data = wire::iscsi::decode<wire::iscsi::DataOut>(pdu.header);
  const auto length = static_cast<uint32_t>(pdu.framing.data);
  command.moved = hub_.now;
  if (!digest_is_good) {
    reject(pdu, RejectReason::data_digest_error);
    fail(command, kCrcError);
  }
  const bool counts = !command.failure && !command.aborted;
  if (counts) command.received += length;
  if (data.transfer_tag == wire::iscsi::kNoTag) {
    ++command.unsolicited_sn;
    if (data.final) command.unsolicited = false;
  } else {
    const auto burst =
        std::find_if(command.bursts.begin(), command.bursts.end(),
                     [&](const Burst& b) { return b.transfer_tag == data.transfer_tag; });
    if (burst == command.bursts.end()) return;
    ++burst->data_sn;
    burst->received += counts ? length : 0;
    if (data.final) {
      const bool all = burst->received == burst->length;
      command.bursts.erase(burst);
      if (!all) fail(command, kWrongAmount);
    }
  }
  data_moved(command);
}

// The first failure stands. Its memory is not needed any more.
void Session::fail(Command& command, wire::SenseCode code) {
  if (command.failure || command.aborted) return;
  ++hub_.totals.protocol_errors;
  wire::Sense sense;
  sense.code = code;
  command.failure = Outcome::refused(std::move(sense));
}

// What is next for a command that is not with the device.
void Session::data_moved(Command& command) {
  if (command.aborted) {
    abort(command);
    return answer_managed();
  }
  if (command.failure) {
    command.lease.reset();
    command.task->data_out = target::TransferBuffer();
    // 7.8: not before all that was asked for has come, or an initiator would take the rest for another command's.
    if (command.waits_for_data() || !command.delivered) return;
    command.task->outcome = *command.failure;
    const target::TaskPtr task = std::move(command.task);
    answer(command, *task);
    return submit_ready();
  }
  if (command.has_all_data()) {
    if (command.delivered) submit_ready();
    return;
  }
  ask_for_data(command);
}

void Session::ask_for_data(Command& command) {
  if (command.unsolicited) return;
  if (!command.whole && !make_whole(command)) {
    if (command.failure) data_moved(command);
    return;
  }
  command.asked = std::max(command.asked, command.received);
  while (command.asked < command.wanted && command.bursts.size() < parameters_.outstanding_r2t) {
    Burst burst;
    burst.transfer_tag = next_transfer_tag_++;
    if (next_transfer_tag_ == wire::iscsi::kNoTag) next_transfer_tag_ = 1;
    burst.offset = command.asked;
    burst.length = std::min(parameters_.max_burst, command.wanted - command.asked);
    command.asked += burst.length;
    wire::iscsi::ReadyToTransfer pdu;
    pdu.lun = command.lun;
    pdu.tag = command.tag;
    pdu.transfer_tag = burst.transfer_tag;
    pdu.numbers = numbers();
    pdu.r2t_sn = command.r2t_sn++;
    pdu.offset = burst.offset;
    pdu.length = burst.length;
    command.bursts.push_back(burst);
    connection_->send(encode(pdu));
  }
  command.moved = hub_.now;
}

void Session::memory_freed() {
  if (!waits_for_memory_ || connection_ == nullptr) return;
  waits_for_memory_ = false;
  for (Command* const command : std::vector<Command*>(waiting_)) {
    if (waits_for_memory_) break;
    if (!command->whole && !command->failure && !command->aborted) ask_for_data(*command);
  }
  submit_ready();
}

// A peer that was told to send and does not: what it makes us hold is somebody else's.
bool Session::stalled() const {
  return std::any_of(commands_.begin(), commands_.end(), [&](const auto& c) {
    const Command& command = *c.second;
    return !command.submitted && (command.waits_for_data() || !command.delivered) &&
           hub_.now - command.moved > options_->limits.send_seconds * uint64_t{1000};
  });
}

}  // namespace libcopyfile::iscsi
