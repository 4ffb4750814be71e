#include "sys/event_loop.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>

namespace libcopyfile {
namespace {

epoll_event event_for(void* who, bool readable, bool writable) {
  epoll_event event{};
  event.events = (readable ? EPOLLIN : 0U) | (writable ? EPOLLOUT : 0U);
  event.data.ptr = who;
  return event;
}

}  // namespace

Result<std::unique_ptr<EventLoop>> EventLoop::create() {
  Fd poll(::epoll_create1(EPOLL_CLOEXEC));
  if (!poll.valid()) return fail(errno, Op::queue);
  Fd wakeup(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wakeup.valid()) return fail(errno, Op::queue);
  std::unique_ptr<EventLoop> loop(new EventLoop(std::move(poll), std::move(wakeup)));
  // Nobody: that is how wait() knows it.
  if (const Done done = loop->add(loop->wakeup_.get(), nullptr, true, false); !done) {
    return fail(done.error());
  }
  return loop;
}

Done EventLoop::add(int fd, void* who, bool readable, bool writable) {
  epoll_event event = event_for(who, readable, writable);
  if (::epoll_ctl(poll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) return fail(errno, Op::queue);
  return {};
}

Done EventLoop::change(int fd, void* who, bool readable, bool writable) {
  epoll_event event = event_for(who, readable, writable);
  if (::epoll_ctl(poll_.get(), EPOLL_CTL_MOD, fd, &event) != 0) return fail(errno, Op::queue);
  return {};
}

void EventLoop::remove(int fd) { ::epoll_ctl(poll_.get(), EPOLL_CTL_DEL, fd, nullptr); }

std::span<const EventLoop::Ready> EventLoop::wait(int ms) {
  std::array<epoll_event, kAtOnce> events;
  const int count = ::epoll_wait(poll_.get(), events.data(), static_cast<int>(events.size()), ms);
  size_t found = 0;
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<size_t>(i)];
    if (event.data.ptr == nullptr) {
      uint64_t value = 0;
      [[maybe_unused]] const ssize_t got = ::read(wakeup_.get(), &value, sizeof value);
      continue;
    }
    const bool broken = (event.events & (EPOLLERR | EPOLLHUP)) != 0;
    ready_[found++] = {event.data.ptr, broken || (event.events & EPOLLIN) != 0,
                       broken || (event.events & EPOLLOUT) != 0, broken};
  }
  return std::span(ready_).first(found);
}

void EventLoop::wake() {
  const uint64_t one = 1;
  // Fails only where it was woken 2^64 times already.
  [[maybe_unused]] const ssize_t put = ::write(wakeup_.get(), &one, sizeof one);
}

uint64_t EventLoop::now_ms() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
}

}  // namespace libcopyfile
