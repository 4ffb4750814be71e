// A queue over calls that block until a command is done, as the ioctls of the kernel do: every command under way has a thread.
#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <vector>

#include "sys/device_queue.h"
#include "sys/thread.h"

namespace libcopyfile {

template <class Request, class Completion>
class BlockingQueue final : public DeviceQueue<Request, Completion> {
 public:
  // Carries out one command, on the descriptor of its unit; any thread. The tag is the queue's to set.
  using CarryOut = Completion (*)(int fd, const Request& request);

  BlockingQueue(int source, int destination, CarryOut carry_out)
      : source_(source), destination_(destination), carry_out_(carry_out) {}

  ~BlockingQueue() override {
    {
      const std::lock_guard lock(mutex_);
      ending_ = true;
    }
    work_.notify_all();
    workers_.clear();
  }

  unsigned depth() const override { return kDepth; }

  Done submit(const Request& request) override {
    std::unique_lock lock(mutex_);
    ++under_way_;
    requests_.push_back(request);
    if (under_way_ > workers_.size()) {
      auto worker = Thread::start([this] { work(); });
      if (worker) workers_.push_back(std::move(*worker));
    }
    if (!workers_.empty()) {
      lock.unlock();
      work_.notify_one();
      return {};
    }
    // No thread is to be had: one after the other, then.
    const Request now = requests_.front();
    requests_.pop_front();
    completions_.push_back(carried_out(now));
    return {};
  }

  bool transacts_here() const override { return true; }
  Result<Completion> transact(const Request& request) override { return carried_out(request); }

  Result<size_t> reap(std::span<Completion> store, unsigned wait_ms) override {
    std::unique_lock lock(mutex_);
    done_.wait_for(lock, std::chrono::milliseconds(wait_ms), [&] { return !completions_.empty(); });
    const size_t count = std::min(store.size(), completions_.size());
    for (size_t i = 0; i < count; ++i) {
      store[i] = completions_.front();
      completions_.pop_front();
    }
    under_way_ -= static_cast<unsigned>(count);
    return count;
  }

  uint64_t now_ms() const override {
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    return static_cast<uint64_t>(
        std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
  }

 private:
  static constexpr unsigned kDepth = 8;

  Completion carried_out(const Request& request) const {
    Completion completion =
        carry_out_(request.unit == Unit::source ? source_ : destination_, request);
    completion.tag = request.tag;
    return completion;
  }

  void work() {
    std::unique_lock lock(mutex_);
    for (;;) {
      work_.wait(lock, [&] { return ending_ || !requests_.empty(); });
      // What was accepted is carried out, also at the end: its buffers are waited for by nobody else.
      if (requests_.empty()) return;
      const Request request = requests_.front();
      requests_.pop_front();
      lock.unlock();
      const Completion completion = carried_out(request);
      lock.lock();
      completions_.push_back(completion);
      done_.notify_one();
    }
  }

  const int source_;
  const int destination_;
  const CarryOut carry_out_;
  std::mutex mutex_;
  std::condition_variable work_, done_;
  std::deque<Request> requests_;
  std::deque<Completion> completions_;
  std::vector<Thread> workers_;
  unsigned under_way_ = 0;
  bool ending_ = false;
};

}  // namespace libcopyfile
