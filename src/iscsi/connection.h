// A connection: bytes in and out, and its login. In the full feature phase its session has the say.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/fd.h"
#include "iscsi/hub.h"
#include "iscsi/login.h"
#include "iscsi/out_queue.h"
#include "iscsi/receiver.h"

namespace libcopyfile::iscsi {

// The loop's thread. Never destroyed while one of its functions runs: over() says that it may be.
class Connection final : private PduSink {
 public:
  Connection(Hub& hub, Fd fd, std::string peer);
  ~Connection() override;

  int fd() const { return fd_.get(); }
  const std::string& peer() const { return peer_; }
  // The address by which the peer reached us; may be empty.
  const std::string& reached() const { return reached_; }
  Session* session() const { return session_; }
  const Login* login() const { return login_.get(); }

  // What the loop saw.
  void readable();
  // Sends what there is to send, as far as it goes.
  void flush();
  // Once a second: whether the peer is still there and does its part.
  void tick();

  // What it is to be watched for.
  bool wants_to_read() const;
  bool wants_to_write() const { return !out_.empty() && !over_; }
  // Nothing more happens on it.
  bool over() const { return over_; }
  bool watched_read = true, watched_write = false;  // by the loop
  bool has_output = false;                          // the loop knows of it

  // The numbers are the session's, the lengths ours. The data are copied.
  void send(wire::iscsi::Header header, wire::View data = {});
  // Sent from where they are.
  void send(wire::iscsi::Header header, std::span<const uint8_t> data,
            const std::shared_ptr<const void>& owner);
  // Takes nothing in any more; is over when all is sent.
  void close_after_sending();
  // Over at once.
  void drop(const std::string& reason);
  void protocol_error(const std::string& reason);

  // The answers to Hub::wants_session(). begin(): the session is this one from now on; returns the next StatSN.
  void begin(Session& session, uint16_t tsih);
  void refuse(LoginStatus status);
  uint32_t first_cmd_sn() const { return request_.numbers.cmd_sn; }
  uint32_t next_stat_sn() const { return stat_sn_; }
  // Its session ends: not to be called any more.
  void forget_session() { session_ = nullptr; }

  uint64_t received() const { return received_; }
  uint64_t sent() const { return sent_; }

 private:
  std::span<uint8_t> header_came(const ReceivedPdu& pdu) override;
  void data_came(const ReceivedPdu& pdu, bool digest_is_good) override;
  void login_came();
  void answer_login(Login::Reply reply);
  void check(Receiver::State state);
  template <class PutData>
  void send_pdu(wire::iscsi::Header& header, wire::View data, const PutData& put_data);
  void put_digest(uint32_t crc);
  void announce_output();

  Hub& hub_;
  Fd fd_;
  const std::string peer_, reached_;
  const std::shared_ptr<const ServerOptions> options_;
  Receiver receiver_;
  OutQueue out_;
  std::unique_ptr<Login> login_;  // until the full feature phase
  wire::iscsi::LoginRequest request_;
  std::optional<Login::Reply> last_reply_;  // waits for a session
  wire::Bytes text_;                        // of a login request
  Session* session_ = nullptr;
  bool header_digest_ = false, data_digest_ = false;
  bool closing_ = false, over_ = false;
  bool peer_is_slow_ = false;  // it took nothing when it was tried last
  uint32_t stat_sn_ = 0;
  const uint64_t since_;
  uint64_t heard_,
      progress_;  // when something came, and when something went or nothing was to be sent
  uint64_t received_ = 0, sent_ = 0;
};

}  // namespace libcopyfile::iscsi
