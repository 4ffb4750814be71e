// Waiting for many descriptors at once (epoll(7)), and being woken from other threads (eventfd(2)).
#pragma once

#include <array>
#include <memory>
#include <span>

#include "base/error.h"
#include "base/fd.h"

namespace libcopyfile {

// wake() by any thread; all else by one.
class EventLoop {
 public:
  struct Ready {
    void* who = nullptr;
    bool readable = false, writable = false;
    // Both, too: the call will say why. Told whatever is watched for.
    bool broken = false;
  };

  static Result<std::unique_ptr<EventLoop>> create();

  // `who` is given back by wait().
  Done add(int fd, void* who, bool readable, bool writable);
  Done change(int fd, void* who, bool readable, bool writable);
  // Before it is closed. What wait() gave of it already is not taken back.
  void remove(int fd);
  // For at most `ms` (-1: as long as it takes). Empty: the time is over, or somebody woke it. Valid until the next call.
  std::span<const Ready> wait(int ms);
  void wake();
  // Monotonic.
  static uint64_t now_ms();

 private:
  static constexpr size_t kAtOnce = 128;
  EventLoop(Fd poll, Fd wakeup) : poll_(std::move(poll)), wakeup_(std::move(wakeup)) {}

  Fd poll_, wakeup_;
  std::array<Ready, kAtOnce> ready_;
};

}  // namespace libcopyfile
