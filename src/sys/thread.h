// Threads of a library: they take no signal of the program, and not getting one is an answer, not an exception.
#pragma once

#include <pthread.h>

#include <functional>
#include <memory>
#include <optional>

#include "base/error.h"

namespace libcopyfile {

// Joined when destroyed. All signals are blocked in it: the program's handlers never run on our stack, and SIGXFSZ
// (RLIMIT_FSIZE) does not kill the process but leaves EFBIG to be reported.
class Thread {
 public:
  // EAGAIN where the system or a limit refuses another thread: do the work without one.
  static Result<Thread> start(std::function<void()> body);
  Thread(Thread&& other) noexcept;
  Thread& operator=(Thread&&) = delete;
  ~Thread();
  void join();

 private:
  Thread() = default;
  std::unique_ptr<std::function<void()>> body_;
  pthread_t handle_{};
  bool running_ = false;
};

// The calling thread runs, and its I/O is done, after that of others (nice 10; the lowest best-effort class of ioprio_set(2), which
// schedulers other than bfq and mq-deadline don't look at). Refusals are ignored: it is a wish.
void lower_priority_of_this_thread();

// The calling thread gets a processor soon when it wakes up, and gives it up as soon, with the same share of it as before: slices of
// 0.1 ms instead of some 3 (sched_setattr(2); Documentation/scheduler/sched-eevdf.rst, Linux 6.12). A wish, too; older kernels ignore it.
void shorten_slices_of_this_thread();

// Blocks a signal in the calling thread while it lives, and takes back one that arrived: what raised it tells by an errno, too.
class SignalBlock {
 public:
  explicit SignalBlock(int signal);
  ~SignalBlock();
  SignalBlock(const SignalBlock&) = delete;
  SignalBlock& operator=(const SignalBlock&) = delete;

 private:
  int signal_;
  bool was_blocked_;
};

// The same for SIGXFSZ (write(2): RLIMIT_FSIZE), only where there is a limit.
class FileSizeSignalBlock {
 public:
  FileSizeSignalBlock();

 private:
  std::optional<SignalBlock> block_;
};

}  // namespace libcopyfile
