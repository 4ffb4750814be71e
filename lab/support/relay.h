// Somebody between a server and its client, who may change what they say to each other: so that a real client meets a server
// that does less than the real one. For protocols whose records begin with a word that tells their length: NFS over TCP, SMB.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <mutex>
#include <span>
#include <thread>

#include "base/fd.h"

namespace libcopyfile::test {

enum class To { server, client };

class Relay {
 public:
  // Changes a record in place, without the word before it. One at a time.
  using Edit = std::function<void(To, std::span<uint8_t> record)>;

  // Of what comes to `port` of this machine, to its port `server`. Throws ScratchError.
  Relay(uint16_t port, uint16_t server, Edit edit);
  // Whoever is connected is cut off.
  ~Relay();
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

 private:
  struct Connection {
    Fd client, server;
    std::thread there, back;
  };

  void accept_all();
  void pass(const Fd& from, const Fd& to, To direction);

  uint16_t server_;
  Edit edit_;
  std::mutex editing_;
  Fd listening_;
  std::list<Connection> connections_;  // of the thread below, until it has ended
  std::thread accepting_;
};

}  // namespace libcopyfile::test
