#include "sys/stream_socket.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>

#include "sys/local_socket.h"

namespace libcopyfile {
namespace {

bool set_non_blocking(int fd) {
  const int flags = ::fcntl(fd, F_GETFL);
  return flags >= 0 && ::fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0;
}

// "1.2.3.4" or "[::1]", and the port.
std::pair<std::string, uint16_t> text_of(const sockaddr_storage& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (address.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
    ::inet_ntop(AF_INET, &v4.sin_addr, text.data(), text.size());
    return {text.data(), ntohs(v4.sin_port)};
  }
  if (address.ss_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
    if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) {
      ::inet_ntop(AF_INET, &v6.sin6_addr.s6_addr[12], text.data(), text.size());
      return {text.data(), ntohs(v6.sin6_port)};
    }
    ::inet_ntop(AF_INET6, &v6.sin6_addr, text.data(), text.size());
    return {"[" + std::string(text.data()) + "]", ntohs(v6.sin6_port)};
  }
  return {};
}

}  // namespace

Result<Fd> listen_stream(const std::string& address, uint16_t port) {
  auto listener = listen_tcp(address, port);
  if (!listener) return listener;
  // Hundreds of initiators come back at once when a host or a switch does.
  constexpr int kBacklog = 1024;
  if (::listen(listener->get(), kBacklog) != 0 || !set_non_blocking(listener->get())) {
    return fail(errno, Op::open);
  }
  return listener;
}

Result<AcceptedStream> accept_stream(int listener) {
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  Fd fd(::accept4(listener, reinterpret_cast<sockaddr*>(&address), &length,
                  SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!fd.valid()) return fail(errno, Op::open);
  const auto [text, port] = text_of(address);
  return AcceptedStream{std::move(fd), text + ":" + std::to_string(port)};
}

Done prepare_stream(int fd) {
  if (!set_non_blocking(fd)) return fail(errno, Op::open);
  const int on = 1;
  // Fails for a pair of sockets, which has nothing to delay.
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return {};
}

std::string reached_address(int fd) {
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length) != 0) return {};
  return text_of(address).first;
}

Result<size_t> receive_stream(int fd, std::span<uint8_t> first, std::span<uint8_t> second) {
  const std::array<iovec, 2> parts = {
      {{first.data(), first.size()}, {second.data(), second.size()}}};
  const size_t from = first.empty() ? 1 : 0;
  while (true) {
    const ssize_t got = ::readv(fd, parts.data() + from, static_cast<int>(parts.size() - from));
    if (got >= 0) return static_cast<size_t>(got);
    if (errno != EINTR) return fail(errno, Op::read);
  }
}

Result<size_t> send_stream(int fd, std::span<const std::span<const uint8_t>> pieces) {
  std::array<iovec, kMaxPieces> parts;
  const size_t count = std::min(pieces.size(), kMaxPieces);
  for (size_t i = 0; i < count; ++i) {
    // The kernel does not write to what it sends.
    parts[i] = {const_cast<uint8_t*>(pieces[i].data()), pieces[i].size()};
  }
  msghdr message{};
  message.msg_iov = parts.data();
  message.msg_iovlen = count;
  while (true) {
    const ssize_t sent = ::sendmsg(fd, &message, MSG_NOSIGNAL);
    if (sent >= 0) return static_cast<size_t>(sent);
    if (errno != EINTR) return fail(errno, Op::write);
  }
}

}  // namespace libcopyfile
