#include "iscsi/connection.h"

#include <array>

#include "iscsi/session.h"
#include "sys/event_loop.h"
#include "sys/random_bytes.h"
#include "sys/stream_socket.h"
#include "wire/crc32c.h"

namespace libcopyfile::iscsi {

using wire::View;
using wire::iscsi::Header;
using wire::iscsi::Opcode;

namespace {

// So much at a time from one connection: then it is another one's turn.
constexpr int kReadsAtOnce = 8;
// Behind data that go where they belong, only the next header is hoped for.
constexpr size_t kBehindDirect = 4096;
// A peer that takes less than it asks for is not listened to. What is not copied is bounded by the memory for commands.
constexpr size_t kMostCopied = 256U << 10, kMostQueued = 8U << 20;

// So much is sent without waiting for the end of the turn: it is still in the processor's cache, and the peer has something to do.
constexpr size_t kSentAtOnce = 128U << 10;

constexpr std::array<uint8_t, 4> kPadding{};

}  // namespace

Connection::Connection(Hub& hub, Fd fd, std::string peer)
    : hub_(hub),
      fd_(std::move(fd)),
      peer_(std::move(peer)),
      reached_(reached_address(fd_.get())),
      options_(hub.options),
      receiver_(*this),
      login_(std::make_unique<Login>(*options_, fill_random)),
      since_(hub.now),
      heard_(hub.now),
      progress_(hub.now) {
  receiver_.set_most_data(kLoginDataSegment);
}

Connection::~Connection() = default;

bool Connection::wants_to_read() const {
  return !over_ && !closing_ && !last_reply_ && out_.copied() <= kMostCopied &&
         out_.bytes() <= kMostQueued;
}

void Connection::readable() {
  for (int i = 0; i < kReadsAtOnce && wants_to_read(); ++i) {
    const auto first = receiver_.direct();
    auto second = hub_.receive_buffer();
    if (!first.empty()) second = second.first(kBehindDirect);
    const auto got = receive_stream(fd_.get(), first, second);
    if (!got) {
      if (got.error().code != EAGAIN) drop("connection lost");
      return;
    }
    if (*got == 0) return drop("connection closed by the peer");
    heard_ = hub_.now;
    received_ += *got;
    const size_t directly = std::min(*got, first.size());
    if (directly > 0) receiver_.taken_directly(directly);
    check(receiver_.take(second.first(*got - directly)));
    if (*got < first.size() + second.size()) return;
  }
}

void Connection::check(Receiver::State state) {
  switch (state) {
    case Receiver::State::good:
    case Receiver::State::stopped: return;
    case Receiver::State::header_digest_error:
      // What comes behind it can't be told apart any more (7.7): at error recovery level 0 the connection ends.
      ++hub_.totals.digest_errors;
      return drop("header digest error");
    case Receiver::State::too_long: return protocol_error("data segment too long");
  }
}

std::span<uint8_t> Connection::header_came(const ReceivedPdu& pdu) {
  if (over_) return {};
  if (session_ != nullptr) return session_->header_came(pdu);
  if (pdu.framing.opcode != Opcode::login_request || last_reply_ || login_ == nullptr) {
    protocol_error("no login request");
    return {};
  }
  text_.resize(pdu.framing.data);
  return text_;
}

void Connection::data_came(const ReceivedPdu& pdu, bool digest_is_good) {
  if (over_) return;
  if (session_ != nullptr) return session_->data_came(pdu, digest_is_good);
  request_ = wire::iscsi::decode<wire::iscsi::LoginRequest>(pdu.header);
  login_came();
}

void Connection::login_came() {
  const wire::Bytes text = std::exchange(text_, {});
  if (request_.tsih != 0) {
    // One connection a session (MaxConnections=1).
    return answer_login(Login::refuse(request_, hub_.has_session(request_.tsih)
                                                    ? LoginStatus::too_many_connections
                                                    : LoginStatus::session_does_not_exist));
  }
  Login::Reply reply = login_->take(request_, text);
  if (!reply.done) return answer_login(std::move(reply));
  last_reply_ = std::move(reply);
  hub_.wants_session(*this);
}

void Connection::refuse(LoginStatus status) {
  last_reply_.reset();
  answer_login(Login::refuse(request_, status));
}

void Connection::begin(Session& session, uint16_t tsih) {
  Login::Reply reply = std::move(*last_reply_);
  last_reply_.reset();
  reply.header.tsih = tsih;
  answer_login(std::move(reply));
  session_ = &session;
  header_digest_ = login_->parameters().header_digest;
  data_digest_ = login_->parameters().data_digest;
  receiver_.set_digests(header_digest_, data_digest_);
  receiver_.set_most_data(options_->limits.max_data_segment);
  login_.reset();
  ++hub_.totals.logins;
}

void Connection::answer_login(Login::Reply reply) {
  reply.header.numbers.stat_sn = stat_sn_++;
  reply.header.numbers.exp_cmd_sn = request_.numbers.cmd_sn;
  reply.header.numbers.max_cmd_sn = request_.numbers.cmd_sn + options_->limits.commands - 1;
  send(encode(reply.header), reply.text);
  if (!reply.failed) return;
  ++hub_.totals.logins_failed;
  hub_.log("login_failed", {{"peer", peer_},
                            {"initiator", login_->parameters().initiator},
                            {"status", std::to_string(reply.header.status)}});
  close_after_sending();
}

void Connection::send(Header header, View data) {
  send_pdu(header, data, [&] { out_.copy(data); });
}

void Connection::send(Header header, std::span<const uint8_t> data,
                      const std::shared_ptr<const void>& owner) {
  send_pdu(header, View(data), [&] { out_.refer(data, owner); });
}

template <class PutData>
void Connection::send_pdu(Header& header, View data, const PutData& put_data) {
  if (over_) return;
  wire::iscsi::set_data_length(header, data.size());
  const View view{std::span<const uint8_t>(header)};
  out_.copy(view);
  if (header_digest_) put_digest(wire::crc32c(view));
  const View padding = View(std::span<const uint8_t>(kPadding)).part(0, (4 - data.size() % 4) % 4);
  put_data();
  out_.copy(padding);
  if (data_digest_ && !data.empty()) put_digest(wire::crc32c(padding, wire::crc32c(data)));
  announce_output();
  if (out_.bytes() >= kSentAtOnce && !peer_is_slow_) flush();
}

void Connection::put_digest(uint32_t crc) {
  std::array<uint8_t, wire::iscsi::kDigestSize> digest{};
  wire::Writer(digest).le32(0, crc);
  out_.copy(View(std::span<const uint8_t>(digest)));
}

void Connection::announce_output() {
  if (!std::exchange(has_output, true)) hub_.has_output(*this);
}

void Connection::flush() {
  std::array<std::span<const uint8_t>, kMaxPieces> pieces;
  while (!out_.empty() && !over_) {
    const size_t count = out_.gather(pieces);
    const auto sent = send_stream(fd_.get(), std::span(pieces).first(count));
    if (!sent) {
      peer_is_slow_ = sent.error().code == EAGAIN;
      if (!peer_is_slow_) drop("connection lost");
      return;
    }
    peer_is_slow_ = false;
    out_.sent(*sent);
    sent_ += *sent;
    progress_ = hub_.now;
  }
  progress_ = hub_.now;
  if (closing_ && !over_) {
    over_ = true;
    hub_.is_over(*this);
  }
}

void Connection::tick() {
  const Limits& limits = options_->limits;
  if (over_) return;
  if (out_.empty()) progress_ = hub_.now;
  if (hub_.now - progress_ > limits.send_seconds * uint64_t{1000})
    return drop("the peer takes nothing");
  if (session_ == nullptr) {
    if (hub_.now - since_ > limits.login_seconds * uint64_t{1000}) drop("no login in time");
    return;
  }
  session_->tick(heard_);
}

void Connection::close_after_sending() {
  closing_ = true;
  receiver_.stop();
  announce_output();
}

void Connection::drop(const std::string& reason) {
  if (over_) return;
  over_ = true;
  receiver_.stop();
  if (session_ != nullptr && !closing_) ++hub_.totals.connections_lost;
  hub_.is_over(*this);
  hub_.log("connection_dropped", {{"peer", peer_}, {"reason", reason}});
}

void Connection::protocol_error(const std::string& reason) {
  ++hub_.totals.protocol_errors;
  drop(reason);
}

}  // namespace libcopyfile::iscsi
