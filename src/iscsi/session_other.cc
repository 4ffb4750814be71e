// Pings, texts, logouts, and what we say unasked.
#include <algorithm>

#include "iscsi/connection.h"
#include "iscsi/discovery.h"
#include "iscsi/session.h"

namespace libcopyfile::iscsi {

using wire::View;
using wire::iscsi::kNoTag;
using wire::iscsi::RejectReason;

namespace {

constexpr uint32_t kPingTag = 1, kTextTag = 1;
constexpr uint64_t kMs = 1000;

}  // namespace

// 11.18
void Session::nop_out(const ReceivedPdu& pdu, View data) {
  const auto request = wire::iscsi::decode<wire::iscsi::NopOut>(pdu.header);
  // An answer to our ping, or news of ExpStatSN.
  if (request.tag == kNoTag) {
    if (request.transfer_tag == kPingTag) pinged_ = 0;
    return;
  }
  wire::iscsi::NopIn response;
  response.lun = request.lun;
  response.tag = request.tag;
  response.numbers = status_numbers();
  connection_->send(encode(response), data.part(0, parameters_.initiator_data_segment));
}

// 11.10
void Session::text(const ReceivedPdu& pdu, View data) {
  const auto request = wire::iscsi::decode<wire::iscsi::TextRequest>(pdu.header);
  if (request.more && request.final) return reject(pdu, RejectReason::protocol_error);
  if (request.transfer_tag == kNoTag) {
    // A new exchange ends an old one.
    text_in_.clear();
    text_out_ = {};
  } else if (request.transfer_tag != kTextTag || (text_out_.empty() && text_in_.empty())) {
    return reject(pdu, RejectReason::protocol_error);
  }
  if (!text_out_.empty()) return send_text(request.tag, request.lun);
  text_in_.insert(text_in_.end(), data.span().begin(), data.span().end());
  if (request.more) {
    wire::iscsi::TextResponse response;
    response.lun = request.lun;
    response.tag = request.tag;
    response.transfer_tag = kTextTag;
    response.numbers = status_numbers();
    connection_->send(encode(response));
    return;
  }
  const auto keys = wire::iscsi::parse_text(std::exchange(text_in_, {}));
  if (!keys) return reject(pdu, RejectReason::protocol_error);
  text_out_ = wire::iscsi::TextParts(answer_text(*keys));
  send_text(request.tag, request.lun);
}

void Session::send_text(uint32_t tag, uint64_t lun) {
  const auto part = text_out_.next(parameters_.initiator_data_segment);
  wire::iscsi::TextResponse response;
  response.final = !part.more;
  response.more = part.more;
  response.lun = lun;
  response.tag = tag;
  response.transfer_tag = part.more ? kTextTag : kNoTag;
  response.numbers = status_numbers();
  connection_->send(encode(response), part.text);
  if (!part.more) text_out_ = {};
}

wire::Bytes Session::answer_text(const std::vector<wire::iscsi::KeyValue>& keys) {
  wire::Bytes answer;
  for (const auto& k : keys) {
    // Nothing is answered at greater length than it was asked.
    if (answer.size() > options_->limits.login_text) break;
    if (k.key == "SendTargets") {
      // "All" is for discovery sessions, "" (the one that is logged in to) for the others; a name is for both.
      const bool all = parameters_.discovery ? k.value == "All" : k.value.empty();
      if (all || k.value == options_->target_name) {
        const wire::Bytes record = target_record(*options_, hub_.portals, connection_->reached());
        answer.insert(answer.end(), record.begin(), record.end());
      } else if (!wire::iscsi::is_node_name(k.value)) {
        wire::iscsi::append_key(answer, k.key, kRejected);
      }
      continue;
    }
    // The only thing that may be said anew in the full feature phase (13).
    const bool again = k.key == "MaxRecvDataSegmentLength" || k.key.starts_with("X-");
    const std::string value =
        again ? negotiate(k.key, k.value, *options_, parameters_) : std::string(kNotUnderstood);
    if (!value.empty()) wire::iscsi::append_key(answer, k.key, value);
  }
  return answer;
}

// 11.14
void Session::logout(const ReceivedPdu& pdu) {
  const auto request = wire::iscsi::decode<wire::iscsi::LogoutRequest>(pdu.header);
  constexpr uint8_t kConnection = 1, kRecovery = 2;
  constexpr uint8_t kClosed = 0, kNoConnection = 1, kNoRecovery = 2;
  if (request.reason > kRecovery) return reject(pdu, RejectReason::protocol_error);
  wire::iscsi::LogoutResponse response;
  response.tag = request.tag;
  response.response = request.reason == kRecovery ? kNoRecovery : kClosed;
  if (request.reason == kConnection && request.connection != parameters_.connection) {
    response.response = kNoConnection;
  }
  response.numbers = status_numbers();
  connection_->send(encode(response));
  if (response.response != kClosed) return;
  ++hub_.totals.logouts;
  Connection& connection = *connection_;
  hub_.log("logout", {{"initiator", parameters_.initiator}, {"peer", connection.peer()}});
  connection.close_after_sending();
  close(target::NexusLoss::logout);
}

void Session::ask_to_log_out(unsigned seconds) {
  if (connection_ == nullptr) return;
  constexpr uint8_t kLogout = 1;
  wire::iscsi::AsynchronousMessage message;
  message.event = kLogout;
  message.parameter3 = static_cast<uint16_t>(std::min(seconds, 65535U));
  message.numbers = status_numbers();
  connection_->send(encode(message));
}

void Session::tick(uint64_t heard) {
  const Limits& limits = options_->limits;
  if (connection_ == nullptr) return;
  if (stalled()) return connection_->drop("data that were asked for do not come");
  if (hub_.now < heard + limits.ping_seconds * kMs) {
    pinged_ = 0;
    return;
  }
  if (pinged_ == 0) {
    pinged_ = hub_.now;
    wire::iscsi::NopIn ping;
    ping.transfer_tag = kPingTag;
    ping.numbers = numbers();
    connection_->send(encode(ping));
  } else if (hub_.now - pinged_ > limits.ping_timeout_seconds * kMs) {
    connection_->drop("no answer to a ping");
  }
}

}  // namespace libcopyfile::iscsi
