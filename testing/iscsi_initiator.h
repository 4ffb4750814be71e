// An initiator by hand: sends any PDU, right or wrong, and says what comes back. Knows nothing that the test does not say.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "wire/iscsi_pdu.h"
#include "wire/iscsi_text.h"

namespace libcopyfile::test {

// One thread.
class IscsiInitiator {
 public:
  struct Pdu {
    wire::iscsi::Header header{};
    wire::Bytes data;
    bool good_digests = true;

    wire::iscsi::Opcode opcode() const { return wire::iscsi::decode_framing(header).opcode; }
    template <class Type>
    Type as() const {
      return wire::iscsi::decode<Type>(header);
    }
  };
  using Keys = std::vector<std::pair<std::string, std::string>>;

  // A connected socket.
  explicit IscsiInitiator(Fd socket) : socket_(std::move(socket)) {}
  // To 127.0.0.1. Throws std::runtime_error.
  static IscsiInitiator connect(uint16_t port);

  // Who it is.
  std::string name = "iqn.2026-01.invalid.test:initiator";
  std::string target = "iqn.2026-01.org.example:bench";
  wire::iscsi::Isid isid{0x80, 0, 0, 0, 0, 1};
  bool discovery = false;
  // What follows a header; set by login() from what was agreed on.
  bool header_digest = false, data_digest = false;
  // The next command's.
  wire::iscsi::InitiatorNumbers numbers{1, 0};
  uint32_t next_tag = 1;

  // In one step, with these keys besides the names. The status class and detail; 0xffff: no response.
  uint16_t login(const Keys& keys = {});
  Keys agreed;        // what the target answered
  uint16_t tsih = 0;  // its number of the session

  void send(wire::iscsi::Header header, wire::View data = {});
  // As it is.
  bool send_raw(wire::View bytes);
  // Digests of what is sent from now on are wrong.
  bool spoil_header_digest = false, spoil_data_digest = false;

  // Nothing: no PDU in that time, or the connection is closed, which closed() says then.
  std::optional<Pdu> receive(int ms = 5000);
  bool closed() const { return closed_; }
  // Receives, and forgets, until it is closed.
  bool closes_within(int ms);

  // A command with the next tag and CmdSN, which it may change; its tag.
  wire::iscsi::ScsiCommand command(std::initializer_list<uint8_t> cdb, uint16_t lun = 0);
  uint32_t send_command(wire::iscsi::ScsiCommand command, wire::View data = {});
  // Without data out: sends and receives until there is a status. Data in are collected.
  struct Outcome {
    int status = -1;  // none came
    wire::Bytes data;
    wire::Bytes sense;
    wire::iscsi::Residual residual;
    unsigned data_pdus = 0;
    bool with_data = false;  // the status came with the last data
  };
  Outcome execute(std::initializer_list<uint8_t> cdb, uint32_t expected_in = 0, uint16_t lun = 0);
  Outcome outcome_of(uint32_t tag, int ms = 5000);
  // Takes unit attentions away.
  void make_ready(uint16_t lun = 0);

 private:
  bool read_all(std::span<uint8_t> bytes, int ms);

  Fd socket_;
  bool closed_ = false;
};

}  // namespace libcopyfile::test
