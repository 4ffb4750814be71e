#include "sys/local_socket.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "sys/system_info.h"

namespace libcopyfile {
namespace {

constexpr int kBacklog = 64;

struct LocalAddress {
  sockaddr_un address{};
  socklen_t length = 0;
};

Result<LocalAddress> address_of(const std::string& path) {
  LocalAddress made;
  made.address.sun_family = AF_UNIX;
  // One byte stays for the zero behind it.
  if (path.size() >= sizeof made.address.sun_path) return fail(ENAMETOOLONG, Op::open, path);
  if (path.empty()) return fail(EINVAL, Op::open, path);
  std::memcpy(made.address.sun_path, path.data(), path.size());
  made.length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + 1);
  return made;
}

const sockaddr* generic(const LocalAddress& local) {
  return reinterpret_cast<const sockaddr*>(&local.address);
}

// Removes a socket that nobody listens at. Two daemons that start at once may both come here: the one whose socket is removed
// by the other serves nobody, which only its owner can bring about.
Done remove_abandoned(const std::string& path) {
  struct stat found {};
  if (::lstat(path.c_str(), &found) != 0)
    return errno == ENOENT ? Done() : fail(errno, Op::stat, path);
  if (!S_ISSOCK(found.st_mode)) return fail(EEXIST, Op::create, path);
  const Result<Fd> answer = connect_local(path);
  if (answer) return fail(EADDRINUSE, Op::create, path);
  if (answer.error().code != ECONNREFUSED) return fail(answer.error());
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return fail(errno, Op::unlink, path);
  return {};
}

// Done: ready. Errors of the socket itself are left to the transfer that follows.
Done wait_for(int socket, short events, const Deadline& deadline) {
  for (;;) {
    const double left = deadline.at - monotonic_seconds();
    if (deadline.at != 0 && left <= 0) return fail(ETIMEDOUT, Op::read);
    const int timeout =
        deadline.at == 0 ? -1 : static_cast<int>(std::ceil(std::min(left, 1e6) * 1000));
    pollfd waiting[2] = {{socket, events, 0}, {deadline.stop, POLLIN, 0}};
    const int count = ::poll(waiting, 2, timeout);
    if (count < 0 && errno != EINTR) return fail(errno, Op::read);
    if (count <= 0) continue;
    if (waiting[1].revents != 0) return fail(ECANCELED, Op::read);
    if (waiting[0].revents != 0) return {};
  }
}

}  // namespace

Result<Fd> listen_local(const std::string& path, uint32_t mode) {
  const Result<LocalAddress> address = address_of(path);
  if (!address) return fail(address.error());
  Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket.valid()) return fail(errno, Op::open, path);
  // Linux gives the name the mode of the unbound socket (unix(7), unix_bind_bsd()): there is no moment at which others may connect.
  if (::fchmod(socket.get(), mode) != 0) return fail(errno, Op::set_mode, path);
  if (const Done removed = remove_abandoned(path); !removed) return fail(removed.error());
  if (::bind(socket.get(), generic(*address), address->length) != 0 ||
      ::listen(socket.get(), kBacklog) != 0)
    return fail(errno, Op::create, path);
  return socket;
}

Result<Fd> connect_local(const std::string& path) {
  const Result<LocalAddress> address = address_of(path);
  if (!address) return fail(address.error());
  Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket.valid() || ::connect(socket.get(), generic(*address), address->length) != 0)
    return fail(errno, Op::open, path);
  return socket;
}

Result<Fd> listen_tcp(const std::string& address, uint16_t port) {
  sockaddr_in v4{};
  sockaddr_in6 v6{};
  const sockaddr* where = nullptr;
  socklen_t length = 0;
  if (::inet_pton(AF_INET, address.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    where = reinterpret_cast<const sockaddr*>(&v4);
    length = sizeof v4;
  } else if (::inet_pton(AF_INET6, address.c_str(), &v6.sin6_addr) == 1) {
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    where = reinterpret_cast<const sockaddr*>(&v6);
    length = sizeof v6;
  } else {
    return fail(EINVAL, Op::open, address);
  }
  Fd socket(::socket(where->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const int on = 1;
  if (!socket.valid() ||
      ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
      ::bind(socket.get(), where, length) != 0 || ::listen(socket.get(), kBacklog) != 0)
    return fail(errno, Op::open, address + ":" + std::to_string(port));
  return socket;
}

uint16_t local_port(int socket) {
  sockaddr_storage bound{};
  socklen_t length = sizeof bound;
  if (::getsockname(socket, reinterpret_cast<sockaddr*>(&bound), &length) != 0) return 0;
  if (bound.ss_family == AF_INET) return ntohs(reinterpret_cast<sockaddr_in&>(bound).sin_port);
  if (bound.ss_family == AF_INET6) return ntohs(reinterpret_cast<sockaddr_in6&>(bound).sin6_port);
  return 0;
}

Result<StopSignal> StopSignal::create() {
  Fd fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!fd.valid()) return fail(errno, Op::open);
  return StopSignal(std::move(fd));
}

void StopSignal::raise() {
  const uint64_t one = 1;
  // Fails only where the counter is full: then it is raised already.
  [[maybe_unused]] const ssize_t written = ::write(fd_.get(), &one, sizeof one);
}

Result<Fd> accept_connection(int listener, int stop) {
  for (;;) {
    if (const Done ready = wait_for(listener, POLLIN, {0, stop}); !ready)
      return fail(ready.error());
    Fd socket(::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (socket.valid()) return socket;
    // Another thread took it, or the peer is gone already (accept(2) passes errors of the network on).
    switch (errno) {
      case EMFILE:
      case ENFILE:
      case ENOBUFS:
      case ENOMEM: sleep_seconds(0.1); break;
      case EBADF:
      case EINVAL:
      case ENOTSOCK:
      case EOPNOTSUPP: return fail(errno, Op::open);
      default: break;
    }
  }
}

Result<size_t> receive_some(int socket, std::span<char> into, const Deadline& deadline) {
  for (;;) {
    if (const Done ready = wait_for(socket, POLLIN, deadline); !ready) return fail(ready.error());
    const ssize_t got = ::recv(socket, into.data(), into.size(), MSG_DONTWAIT);
    if (got >= 0) return static_cast<size_t>(got);
    if (errno != EAGAIN && errno != EINTR) return fail(errno, Op::read);
  }
}

Done send_all(int socket, std::string_view data, const Deadline& deadline) {
  while (!data.empty()) {
    if (const Done ready = wait_for(socket, POLLOUT, deadline); !ready) return ready;
    const ssize_t sent = ::send(socket, data.data(), data.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) {
      data.remove_prefix(static_cast<size_t>(sent));
    } else if (errno != EAGAIN && errno != EINTR) {
      return fail(errno, Op::write);
    }
  }
  return {};
}

}  // namespace libcopyfile
