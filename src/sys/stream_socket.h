// Connections that are served by an event loop: nothing here waits. EAGAIN says that one must.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/error.h"
#include "base/fd.h"

namespace libcopyfile {

// A numeric address, IPv4 or IPv6; EINVAL for what is none.
Result<Fd> listen_stream(const std::string& address, uint16_t port);

struct AcceptedStream {
  Fd fd;
  std::string peer;  // "address:port"
};
// EAGAIN: there is none.
Result<AcceptedStream> accept_stream(int listener);
// Non-blocking, and each send leaves at once (TCP_NODELAY, where it is TCP).
Done prepare_stream(int fd);
// The address by which the peer reached us, without the port; empty where it is no TCP connection. IPv6 in brackets.
std::string reached_address(int fd);

// Fills `first`, then `second`, with one call. 0: the peer sends no more.
Result<size_t> receive_stream(int fd, std::span<uint8_t> first, std::span<uint8_t> second);
// At most kMaxPieces of them, with one call; may send less. No signal is raised.
inline constexpr size_t kMaxPieces = 256;
Result<size_t> send_stream(int fd, std::span<const std::span<const uint8_t>> pieces);

}  // namespace libcopyfile
