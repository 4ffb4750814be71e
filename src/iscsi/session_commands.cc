// SCSI commands: to the device when it is their turn, and their answers.
#include <algorithm>

#include "iscsi/connection.h"
#include "iscsi/session.h"

namespace libcopyfile::iscsi {

using target::Attribute;
using target::Outcome;
using wire::View;
using wire::iscsi::Additional;
using wire::iscsi::RejectReason;
using wire::iscsi::Residual;

namespace {

constexpr wire::SenseCode kInvalidOperation{wire::SenseKey::illegal_request, 0x20, 0x00};
constexpr unsigned kMostImmediate = 32;
// Below, data are copied behind their header.
constexpr size_t kSmall = 1024;

Attribute attribute_of(uint8_t field) {
  switch (field) {
    case 2: return Attribute::ordered;
    case 3: return Attribute::head_of_queue;
    default: return Attribute::simple;
  }
}

// What the initiator expected against what there is (RFC 7143, 11.4.5).
Residual residual_of(const Command& command, const target::Task& task, uint64_t sent) {
  Residual residual;
  const uint64_t expected = command.expected;
  const uint64_t there = command.read
                             ? std::max<uint64_t>(task.transfer_length, task.data_in.size())
                             : task.transfer_length;
  const uint64_t moved = command.read ? sent : std::min<uint64_t>(there, expected);
  if (there > expected) {
    residual.overflow = true;
    residual.count = static_cast<uint32_t>(std::min<uint64_t>(there - expected, UINT32_MAX));
  } else if (moved < expected) {
    residual.underflow = true;
    residual.count = static_cast<uint32_t>(expected - moved);
  }
  return residual;
}

// Keeps data of a command until they are sent.
struct Sending {
  target::TransferBuffer data;
  Lease lease;
};

}  // namespace

std::span<uint8_t> Session::command_came(const ReceivedPdu& pdu) {
  const auto request = wire::iscsi::decode<wire::iscsi::ScsiCommand>(pdu.header);
  const bool immediate = request.immediate;
  const bool data_come = pdu.framing.data > 0 || !request.final;
  if (parameters_.discovery || (data_come && !request.write)) {
    rejected_ = RejectReason::protocol_error;
  } else if (commands_.contains(request.tag) || request.tag == wire::iscsi::kNoTag) {
    rejected_ = RejectReason::task_in_progress;
  } else if (immediate && immediate_ >= kMostImmediate) {
    rejected_ = RejectReason::too_many_immediate;
  } else if (request.read && request.write) {
    rejected_ = RejectReason::not_supported;
  }
  const auto additional = wire::iscsi::parse_additional(pdu.additional);
  if (!additional) rejected_ = RejectReason::invalid_field;
  if (rejected_) return {};

  auto made = make_command(request);
  Command& command = *made;
  commands_.emplace(request.tag, std::move(made));
  ++total_;
  if (immediate) ++immediate_;
  filling_ = &command;
  // No command of ours has a CDB of more than 16 bytes.
  const bool longer = std::any_of(additional->begin(), additional->end(), [](const Additional& a) {
    return a.type == Additional::kExtendedCdb;
  });
  if (longer) command.failure = Outcome::refused(wire::refusal_of_cdb(kInvalidOperation, 0));
  return prepare_data(command, request.final, pdu.framing.data);
}

std::unique_ptr<Command> Session::make_command(const wire::iscsi::ScsiCommand& pdu) {
  auto command = std::make_unique<Command>();
  command->tag = pdu.tag;
  command->cmd_sn = pdu.numbers.cmd_sn;
  command->lun = pdu.lun;
  command->immediate = pdu.immediate;
  command->read = pdu.read;
  command->write = pdu.write;
  command->expected = pdu.read || pdu.write ? pdu.expected_length : 0;
  command->task = std::make_unique<target::Task>();
  target::Task& task = *command->task;
  task.nexus = nexus_;
  task.tag = pdu.tag;
  task.lun = pdu.lun;
  task.attribute = attribute_of(pdu.attribute);
  task.cdb = pdu.cdb;
  task.expected_in = pdu.read ? pdu.expected_length : 0;
  return command;
}

void Session::command_complete(const ReceivedPdu& pdu, bool) {
  Command& command = *std::exchange(filling_, nullptr);
  const auto length = static_cast<uint32_t>(pdu.framing.data);
  if (!command.failure) command.received += length;
  const uint32_t tag = command.tag;
  if (!command.immediate) {
    take_in_order(pdu, tag);
  } else {
    command.delivered = true;
    waiting_.push_back(&command);
  }
  const auto found = commands_.find(tag);
  if (found != commands_.end() && !found->second->submitted) data_moved(*found->second);
}

// In order, as far as it goes. An ordered command waits for those before it, and those behind wait for it; SAM-5 8.6.3 speaks of the
// order in which the device gets them, and data may still be on their way to an earlier one.
void Session::submit_ready() {
  if (submitting_) return;
  submitting_ = true;
  bool blocked = false;
  for (size_t i = 0; i < waiting_.size() && connection_ != nullptr;) {
    Command& command = *waiting_[i];
    const Attribute attribute = command.task->attribute;
    const bool ordered = attribute == Attribute::ordered;
    const bool its_turn =
        attribute == Attribute::head_of_queue || (!blocked && (!ordered || i == 0));
    if (its_turn && !command.failure && !command.aborted && command.has_all_data()) {
      // Who waits for memory is not overtaken by who needs less.
      if (!submit(command)) break;
      // It is not in the list any more, and others may not be, either.
      i = 0;
      blocked = false;
      continue;
    }
    blocked = blocked || ordered;
    ++i;
  }
  submitting_ = false;
}

// False where there is no memory for what it reads.
bool Session::submit(Command& command) {
  if (command.read) {
    const auto size = std::min(command.expected, options_->limits.max_transfer);
    if (size > 0 && !command.lease.take(memory_, size)) {
      waits_for_memory_ = true;
      return false;
    }
  }
  command.submitted = true;
  std::erase(waiting_, &command);
  ++under_way_;
  target::TaskPtr task = std::move(command.task);
  task->done = [this](target::TaskPtr done) { hub_.completed(*this, std::move(done)); };
  hub_.device.submit(std::move(task));
  return true;
}

void Session::completed(target::TaskPtr task) {
  --under_way_;
  const auto found = commands_.find(static_cast<uint32_t>(task->tag));
  if (found == commands_.end()) return;
  Command& command = *found->second;
  if (connection_ == nullptr || task->aborted) return end(command);
  answer(command, *task);
}

void Session::end(Command& command) {
  const uint32_t tag = command.tag;
  if (command.immediate) {
    --immediate_;
  } else if (command.delivered) {
    --numbered_;
  }
  std::erase(waiting_, &command);
  if (filling_ == &command) filling_ = nullptr;
  commands_.erase(tag);
}

// The command is over, and its place in the window is free: before its response, which says so.
void Session::answer(Command& command, target::Task& task) {
  const uint32_t length =
      command.read
          ? static_cast<uint32_t>(std::min<uint64_t>(task.data_in.size(), command.expected))
          : 0;
  const Residual residual = residual_of(command, task, length);
  Command last = std::move(command);
  end(command);
  if (length > 0) {
    send_data(last, task, length, residual);
  } else {
    send_response(last, task, last.r2t_sn, residual);
  }
}

void Session::send_data(Command& command, target::Task& task, uint32_t length,
                        const Residual& residual) {
  const auto sending = std::make_shared<Sending>();
  sending->data = std::move(task.data_in);
  sending->lease = std::move(command.lease);
  const auto data = std::as_const(sending->data).span();
  // Status goes with the last data where there is nothing to say of it.
  const bool with_status = task.outcome.ok();
  wire::iscsi::DataIn pdu;
  pdu.lun = command.lun;
  pdu.tag = command.tag;
  uint32_t burst = 0;
  while (pdu.offset < length) {
    const uint32_t part = std::min(
        {parameters_.initiator_data_segment, length - pdu.offset, parameters_.max_burst - burst});
    burst += part;
    const bool last = pdu.offset + part == length;
    pdu.final = last || burst == parameters_.max_burst;
    if (pdu.final) burst = 0;
    if (last && with_status) {
      pdu.has_status = true;
      pdu.status = static_cast<uint8_t>(task.outcome.status);
      pdu.residual = residual;
      pdu.numbers = status_numbers();
    } else {
      pdu.numbers = numbers();
      pdu.numbers.stat_sn = 0;  // reserved
    }
    const auto piece = data.subspan(pdu.offset, part);
    if (part <= kSmall) {
      connection_->send(encode(pdu), View(piece));
    } else {
      connection_->send(encode(pdu), piece, sending);
    }
    pdu.offset += part;
    ++pdu.data_sn;
  }
  if (!with_status) send_response(command, task, pdu.data_sn, residual);
}

void Session::send_response(const Command& command, const target::Task& task, uint32_t data_pdus,
                            const Residual& residual) {
  wire::iscsi::ScsiResponse pdu;
  pdu.tag = command.tag;
  pdu.status = static_cast<uint8_t>(task.outcome.status);
  pdu.numbers = status_numbers();
  pdu.exp_data_sn = data_pdus;
  pdu.residual = residual;
  wire::Bytes data;
  if (const wire::Bytes sense = sense_data_of(task); !sense.empty()) {
    data.resize(2 + sense.size());
    wire::Writer out(data);
    out.be16(0, static_cast<uint16_t>(sense.size()));
    out.bytes(2, sense);
  }
  connection_->send(encode(pdu), data);
}

}  // namespace libcopyfile::iscsi
