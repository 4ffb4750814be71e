// The iSCSI front end (RFC 7143): portals, sessions, and what goes over them, on one thread that waits for all of it. Error
// recovery level 0, one connection a session.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/fd.h"
#include "target/device.h"

namespace libcopyfile::iscsi {

struct Portal {
  std::string address = "127.0.0.1";  // numeric, IPv4 or IPv6
  uint16_t port = 3260;               // 0: any free one; portals() tells which
};

struct Secret {
  std::string user, password;
};

// What an initiator must prove, and what we prove to it.
struct Authentication {
  std::optional<Secret> incoming;  // none: no proof is asked for
  std::optional<Secret> outgoing;  // mutual CHAP
};

enum class Digest : uint8_t { allowed, required, never };

// Everything that a peer can make us hold is bounded here.
struct Limits {
  unsigned sessions = 4096;
  unsigned sessions_per_initiator = 64;
  unsigned connections_logging_in = 256;
  unsigned login_seconds = 15;
  size_t login_text = 16384;           // bytes of keys of one login or text exchange
  unsigned commands = 128;             // MaxCmdSN window of a session
  uint64_t session_bytes = 64U << 20;  // data of commands under way, of one session
  uint64_t total_bytes = 1024U << 20;  // of all
  uint32_t max_transfer = 16U << 20;   // of one command
  uint32_t max_data_segment = 262144;  // MaxRecvDataSegmentLength that we declare
  uint32_t first_burst = 262144, max_burst = 1048576;
  unsigned ping_seconds = 30;  // NOP-In after so long without a word
  unsigned ping_timeout_seconds =
      30;                      // and the connection is dropped after so long without an answer
  unsigned send_seconds = 60;  // a peer that reads nothing for so long is dropped
};

struct ServerOptions {
  std::string target_name;  // iqn... or eui... or naa...
  std::string target_alias;
  std::vector<Portal> portals;
  uint16_t portal_group = 1;
  // Asked at each login, by the name that the initiator gives; nothing: it may not log in at all.
  std::function<std::optional<Authentication>(const std::string& initiator)> authentication;
  Digest header_digest = Digest::allowed, data_digest = Digest::allowed;
  Limits limits;
  // One line of a structured log: an event, and keys with values. May be called by any thread.
  std::function<void(const std::string& event,
                     const std::vector<std::pair<std::string, std::string>>& fields)>
      log;
};

struct SessionStatus {
  target::NexusId nexus = 0;
  std::string initiator, peer;
  std::string isid;  // hexadecimal
  uint16_t tsih = 0;
  bool discovery = false;
  bool header_digest = false, data_digest = false;
  uint64_t seconds = 0;  // since login
  uint64_t commands = 0, received = 0, sent = 0;
  unsigned under_way = 0;
};

struct ServerTotals {
  uint64_t logins = 0, logins_failed = 0, logouts = 0, connections_lost = 0, digest_errors = 0,
           protocol_errors = 0;
  unsigned sessions = 0, connections = 0;
};

// Any thread at any time.
class Server {
 public:
  // `device` outlives the server. Listens when it returns.
  static Result<std::unique_ptr<Server>> start(ServerOptions options, target::Device& device);
  // As stop(0).
  ~Server();

  // Where it listens, with the ports that were given.
  std::vector<Portal> portals() const;
  std::vector<SessionStatus> sessions() const;
  ServerTotals totals() const;
  // For logins from now on; sessions go on. The portals and the name can't be changed.
  void set_options(ServerOptions options);
  // No new logins; asks each session to log out (asynchronous message), drops after `seconds` those that have not.
  void stop(unsigned seconds);
  // Ends the sessions of this initiator (or the one with this nexus).
  unsigned drop(const std::string& initiator);

  // A connection that was made by somebody else, e.g. one end of a socket pair: the fuzzers' and tests' way in. Takes the descriptor.
  void adopt(Fd connection, const std::string& peer);

 private:
  class Loop;
  Server();
  std::unique_ptr<Loop> loop_;
};

}  // namespace libcopyfile::iscsi
