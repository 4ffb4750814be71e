#include "copyfile/interrupt.h"

#include <unistd.h>

#include <atomic>
#include <csignal>
#include <initializer_list>

namespace libcopyfile::app {
namespace {

// Not a sig_atomic_t: that is safe against the handler on the same thread only, and the threads of a copy ask too.
std::atomic<int> caught = 0;
static_assert(std::atomic<int>::is_always_lock_free,
              "a handler may not wait for a lock: signal-safety(7)");

void on_signal(int signal) {
  if (signal != SIGALRM) caught = signal;
  // A signal that came just before a blocking read(2) would be slept through: it is repeated until somebody looks.
  ::alarm(1);
}

}  // namespace

void catch_interrupts() {
  struct sigaction action {};
  action.sa_handler = on_signal;  // without SA_RESTART: a read from a silent pipe must come back
  sigemptyset(&action.sa_mask);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction old {};
    ::sigaction(signal, nullptr, &old);
    if (old.sa_handler != SIG_IGN) ::sigaction(signal, &action, nullptr);
  }
  ::sigaction(SIGALRM, &action, nullptr);
}

bool interrupted() {
#ifdef __SANITIZE_THREAD__
  // The thread sanitizer keeps a signal back until the program calls a function that it intercepts; openat(2), in which
  // a FIFO is waited for, is none.
  ::usleep(0);
#endif
  return caught != 0;
}

void end_by_signal() {
  const int signal = caught;
  if (signal == 0) return;
  ::alarm(0);
  struct sigaction action {};
  action.sa_handler = SIG_DFL;
  sigemptyset(&action.sa_mask);
  ::sigaction(signal, &action, nullptr);
  ::raise(signal);
}

}  // namespace libcopyfile::app
