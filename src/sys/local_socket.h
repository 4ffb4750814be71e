// Sockets by which a daemon is administered: of the Unix domain for its owner, of TCP for who reads its metrics. Blocking calls
// end by a deadline, or when told to stop.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/fd.h"

namespace libcopyfile {

// Listens at `path` with these permissions from the first moment on. A socket that nobody listens at any more is replaced;
// EADDRINUSE where somebody does, EEXIST where `path` is something else, ENAMETOOLONG above 107 bytes.
Result<Fd> listen_local(const std::string& path, uint32_t mode);
Result<Fd> connect_local(const std::string& path);

// A numeric address, IPv4 or IPv6; EINVAL for what is none.
Result<Fd> listen_tcp(const std::string& address, uint16_t port);
// The port that a listening or connected TCP socket of ours has; 0 if that is not known.
uint16_t local_port(int socket);

// Wakes those who wait for a socket. Any thread.
class StopSignal {
 public:
  static Result<StopSignal> create();
  void raise();
  int fd() const { return fd_.get(); }

 private:
  explicit StopSignal(Fd fd) : fd_(std::move(fd)) {}
  Fd fd_;
};

// What ends a wait: a moment (of the monotonic clock, in seconds; see monotonic_seconds()), or a StopSignal (its fd, or -1).
struct Deadline {
  double at = 0;
  int stop = -1;
};

// The next connection. ECANCELED: told to stop. No deadline: a listener waits for ever.
Result<Fd> accept_connection(int listener, int stop);
// Some bytes; 0 at the end of the stream. ETIMEDOUT, ECANCELED.
Result<size_t> receive_some(int socket, std::span<char> into, const Deadline& deadline);
// All of them. EPIPE where nobody reads any more (no signal is raised); ETIMEDOUT, ECANCELED.
Done send_all(int socket, std::string_view data, const Deadline& deadline);

}  // namespace libcopyfile
