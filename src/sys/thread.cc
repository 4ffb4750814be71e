#include "sys/thread.h"

#include <linux/ioprio.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>
#include <ctime>
#include <utility>

namespace libcopyfile {
namespace {

void* run(void* body) {
  (*static_cast<std::function<void()>*>(body))();
  return nullptr;
}

// sched_setattr(2): libc declares it since glibc 2.41, and the kernel's header clashes with those before.
struct SchedulingAttributes {
  uint32_t size;
  uint32_t sched_policy;
  uint64_t sched_flags;
  int32_t sched_nice;
  uint32_t sched_priority;
  uint64_t sched_runtime;
  uint64_t sched_deadline;
  uint64_t sched_period;
};

sigset_t only(int signal) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, signal);
  return set;
}

}  // namespace

Result<Thread> Thread::start(std::function<void()> body) {
  Thread t;
  t.body_ = std::make_unique<std::function<void()>>(std::move(body));
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  const int code = ::pthread_create(&t.handle_, nullptr, run, t.body_.get());
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (code != 0) return fail(code, Op::thread);
  t.running_ = true;
  return t;
}

Thread::Thread(Thread&& other) noexcept
    : body_(std::move(other.body_)),
      handle_(other.handle_),
      running_(std::exchange(other.running_, false)) {}

Thread::~Thread() { join(); }

void Thread::join() {
  if (std::exchange(running_, false)) ::pthread_join(handle_, nullptr);
}

void shorten_slices_of_this_thread() {
  constexpr uint64_t kShortest = 100'000;  // ns: what the kernel raises anything shorter to
  SchedulingAttributes attributes{};
  attributes.size = sizeof attributes;
  if (::syscall(SYS_sched_getattr, 0, &attributes, sizeof attributes, 0) != 0) return;
  // Of a real-time thread it would be another thing: its budget.
  if (attributes.sched_policy != SCHED_OTHER && attributes.sched_policy != SCHED_BATCH) return;
  attributes.sched_runtime = kShortest;
  ::syscall(SYS_sched_setattr, 0, &attributes, 0);
}

void lower_priority_of_this_thread() {
  // Both take a thread's id for that of a process: on Linux, priorities are a thread's own.
  const auto thread = static_cast<id_t>(::gettid());
  ::setpriority(PRIO_PROCESS, thread, 10);
  ::syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, thread, IOPRIO_PRIO_VALUE(IOPRIO_CLASS_BE, 7));
}

SignalBlock::SignalBlock(int signal) : signal_(signal) {
  const sigset_t set = only(signal);
  sigset_t before;
  ::pthread_sigmask(SIG_BLOCK, &set, &before);
  was_blocked_ = sigismember(&before, signal) == 1;
}

SignalBlock::~SignalBlock() {
  if (was_blocked_) return;
  const sigset_t set = only(signal_);
  const timespec now{};
  while (::sigtimedwait(&set, nullptr, &now) > 0) {
  }
  ::pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

FileSizeSignalBlock::FileSizeSignalBlock() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur == RLIM_INFINITY) return;
  block_.emplace(SIGXFSZ);
}

}  // namespace libcopyfile
