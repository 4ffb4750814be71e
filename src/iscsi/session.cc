#include "iscsi/session.h"

#include <algorithm>

#include "iscsi/connection.h"
#include "iscsi/transport_id.h"

namespace libcopyfile::iscsi {

using wire::View;
using wire::iscsi::Opcode;
using wire::iscsi::RejectReason;

namespace {

// Data of requests that wait for their turn; ours are short, and a ping may have some.
constexpr size_t kMostHeld = 1U << 20;

// The requests that have a CmdSN.
bool is_numbered(Opcode opcode) {
  switch (opcode) {
    case Opcode::nop_out:
    case Opcode::scsi_command:
    case Opcode::task_management_request:
    case Opcode::text_request:
    case Opcode::logout_request: return true;
    default: return false;
  }
}

uint32_t cmd_sn_of(const ReceivedPdu& pdu) {
  return View(std::span<const uint8_t>(pdu.header)).be32(24);
}

}  // namespace

Session::Session(Hub& hub, Connection& connection, Parameters parameters, uint16_t tsih)
    : hub_(hub),
      connection_(&connection),
      options_(hub.options),
      memory_(std::make_shared<Budget>(
          Hub::at_least_two(options_->limits.session_bytes, options_->limits), hub.memory)),
      parameters_(std::move(parameters)),
      tsih_(tsih),
      nexus_(target::Device::next_nexus()),
      since_(hub.now),
      exp_cmd_sn_(connection.first_cmd_sn()),
      stat_sn_(connection.next_stat_sn() + 1) {
  if (parameters_.discovery) return;
  target::Nexus nexus;
  nexus.id = nexus_;
  nexus.initiator = parameters_.initiator;
  nexus.transport_id = transport_id(parameters_.initiator, parameters_.isid);
  nexus.peer = connection.peer();
  hub_.device.open_nexus(nexus);
}

Session::~Session() = default;

SessionStatus Session::status() const {
  SessionStatus status;
  status.nexus = nexus_;
  status.initiator = parameters_.initiator;
  status.isid =
      wire::iscsi::format_binary(View(std::span<const uint8_t>(parameters_.isid))).substr(2);
  status.tsih = tsih_;
  status.discovery = parameters_.discovery;
  status.header_digest = parameters_.header_digest;
  status.data_digest = parameters_.data_digest;
  status.seconds = (hub_.now - since_) / 1000;
  status.commands = total_;
  status.under_way = static_cast<unsigned>(commands_.size());
  if (connection_ != nullptr) {
    status.peer = connection_->peer();
    status.received = connection_->received();
    status.sent = connection_->sent();
  }
  return status;
}

void Session::close(target::NexusLoss why) {
  if (connection_ == nullptr) return;
  connection_->forget_session();
  connection_ = nullptr;
  // What is with the device comes back by completed(); the rest ends here.
  std::erase_if(commands_, [](const auto& c) { return !c.second->submitted; });
  waiting_.clear();
  held_.clear();
  filling_ = nullptr;
  if (!parameters_.discovery) hub_.device.close_nexus(nexus_, why);
  hub_.is_closed(*this);
}

// RFC 7143, 4.2.2.1: a command that ends opens the window by one.
uint32_t Session::window() const {
  const uint32_t most = options_->limits.commands;
  return numbered_ < most ? most - numbered_ : 0;
}

bool Session::in_window(uint32_t cmd_sn) const { return cmd_sn - exp_cmd_sn_ < window(); }

wire::iscsi::TargetNumbers Session::numbers() const {
  return {stat_sn_, exp_cmd_sn_, exp_cmd_sn_ + window() - 1};
}

wire::iscsi::TargetNumbers Session::status_numbers() {
  const auto now = numbers();
  ++stat_sn_;
  return now;
}

std::span<uint8_t> Session::header_came(const ReceivedPdu& pdu) {
  ignored_ = false;
  rejected_.reset();
  filling_ = nullptr;
  const Opcode opcode = pdu.framing.opcode;
  if (opcode == Opcode::data_out) return data_out_came(pdu);
  if (!is_numbered(opcode)) {
    rejected_ = opcode == Opcode::snack_request ? RejectReason::snack : RejectReason::not_supported;
    return {};
  }
  // Silently (4.2.2.1): the initiator sent it again, or more than it was allowed to.
  const uint32_t cmd_sn = cmd_sn_of(pdu);
  if (!pdu.framing.immediate && (!in_window(cmd_sn) || held_.contains(cmd_sn))) {
    ignored_ = true;
    return {};
  }
  return opcode == Opcode::scsi_command ? command_came(pdu) : place_of_other(pdu);
}

std::span<uint8_t> Session::place_of_other(const ReceivedPdu& pdu) {
  other_.clear();
  const size_t size = pdu.framing.data;
  if (size == 0) return {};
  const bool text = pdu.framing.opcode == Opcode::text_request;
  if (text && size + text_in_.size() > options_->limits.login_text) {
    rejected_ = RejectReason::protocol_error;
    return {};
  }
  if (!other_lease_.take(memory_, size)) {
    rejected_ = RejectReason::out_of_resources;
    return {};
  }
  other_.resize(size);
  return other_;
}

void Session::data_came(const ReceivedPdu& pdu, bool digest_is_good) {
  if (!digest_is_good) ++hub_.totals.digest_errors;
  if (ignored_) return;
  if (pdu.framing.opcode == Opcode::data_out) return data_out_complete(pdu, digest_is_good);
  if (pdu.framing.opcode == Opcode::scsi_command && filling_ != nullptr && digest_is_good) {
    return command_complete(pdu, digest_is_good);
  }
  if (!digest_is_good) {
    // 7.8: rejected and thrown away. Nobody sends it again at error recovery level 0, so that its number would be waited for for ever.
    reject(pdu, RejectReason::data_digest_error);
    return connection_->close_after_sending();
  }
  if (rejected_) ++hub_.totals.protocol_errors;
  const bool numbered = is_numbered(pdu.framing.opcode) && !pdu.framing.immediate;
  if (rejected_) reject(pdu, *rejected_);
  // What is refused has had its turn all the same.
  if (numbered) return take_in_order(pdu, std::nullopt);
  if (!rejected_) process(pdu, std::exchange(other_, {}));
  other_lease_.reset();
}

void Session::take_in_order(const ReceivedPdu& pdu, std::optional<uint32_t> command) {
  Held held{command, {}, {}};
  if (!command && !rejected_) {
    held.pdu = pdu;
    held.data = std::exchange(other_, {});
    held_bytes_ += held.data.size();
  }
  other_lease_.reset();
  if (held_bytes_ > kMostHeld) return connection_->protocol_error("too much out of order");
  held_.insert_or_assign(cmd_sn_of(pdu), std::move(held));
  advance();
}

// Delivers what has come without a gap.
void Session::advance() {
  while (connection_ != nullptr) {
    const auto next = held_.find(exp_cmd_sn_);
    if (next == held_.end()) break;
    const Held held = std::move(next->second);
    held_.erase(next);
    held_bytes_ -= held.data.size();
    ++exp_cmd_sn_;
    if (!held.command) {
      process(held.pdu, held.data);
      continue;
    }
    const auto found = commands_.find(*held.command);
    if (found == commands_.end()) continue;
    Command& command = *found->second;
    ++numbered_;
    command.delivered = true;
    waiting_.push_back(&command);
    if (command.failure || command.aborted || !command.has_all_data()) data_moved(command);
  }
  submit_ready();
}

void Session::process(const ReceivedPdu& pdu, View data) {
  if (connection_ == nullptr || connection_->over()) return;
  // An empty place in the order: a request that was rejected.
  if (pdu.header == wire::iscsi::Header{}) return;
  const bool discovery_only = pdu.framing.opcode == Opcode::task_management_request;
  if (parameters_.discovery && discovery_only) return reject(pdu, RejectReason::protocol_error);
  switch (pdu.framing.opcode) {
    case Opcode::nop_out: return nop_out(pdu, data);
    case Opcode::task_management_request: return manage(pdu);
    case Opcode::text_request: return text(pdu, data);
    case Opcode::logout_request: return logout(pdu);
    default: return;
  }
}

void Session::reject(const ReceivedPdu& pdu, RejectReason reason) {
  wire::iscsi::Reject response;
  response.reason = static_cast<uint8_t>(reason);
  response.numbers = status_numbers();
  connection_->send(encode(response), View(std::span<const uint8_t>(pdu.header)));
}

}  // namespace libcopyfile::iscsi
