#include "sys/service_manager.h"

#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

#include "base/fd.h"

namespace libcopyfile {
namespace {

sigset_t set_of(std::initializer_list<int> signals) {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int signal : signals) ::sigaddset(&set, signal);
  return set;
}

}  // namespace

Done block_signals(std::initializer_list<int> signals) {
  const sigset_t set = set_of(signals);
  const int code = ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  return code == 0 ? Done() : fail(code, Op::none);
}

int wait_for_signal(std::initializer_list<int> signals) {
  const sigset_t set = set_of(signals);
  for (;;) {
    const int signal = ::sigwaitinfo(&set, nullptr);
    if (signal > 0) return signal;
  }
}

void signal_self(int signal) { ::kill(::getpid(), signal); }

Done notify_service_manager(const std::string& state) {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nobody sets it
  const char* path = std::getenv("NOTIFY_SOCKET");
  if (path == nullptr || *path == '\0') return {};
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const size_t length = std::strlen(path);
  if (length >= sizeof address.sun_path) return fail(ENAMETOOLONG, Op::open, path);
  std::memcpy(address.sun_path, path, length);
  // A name that begins with '@' is abstract: a zero stands there (unix(7)).
  if (path[0] == '@') address.sun_path[0] = '\0';
  const Fd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + length);
  if (!socket.valid() || ::sendto(socket.get(), state.data(), state.size(), MSG_NOSIGNAL,
                                  reinterpret_cast<const sockaddr*>(&address), size) < 0)
    return fail(errno, Op::write, path);
  return {};
}

}  // namespace libcopyfile
