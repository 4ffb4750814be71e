#include "target/executor.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <vector>

#include "sys/thread.h"

namespace libcopyfile::target {

struct Executor::Pool {
  explicit Pool(size_t longest) : most(longest) {}
  ~Pool() {
    {
      const std::lock_guard lock(mutex);
      ending = true;
    }
    changed.notify_all();
    threads.clear();
  }
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  Done start(unsigned count, bool low_priority) {
    for (unsigned i = 0; i < std::max(count, 1U); ++i) {
      auto thread = Thread::start([this, low_priority] {
        if (low_priority) lower_priority_of_this_thread();
        // Copies, too: whom they keep waiting for a lock of the file waits until they have run.
        shorten_slices_of_this_thread();
        work();
      });
      // Fewer than were asked for are slower; none would be a queue that nobody empties.
      if (!thread && threads.empty()) return fail(thread.error());
      if (!thread) break;
      threads.push_back(std::move(*thread));
    }
    return {};
  }

  bool add(std::function<void()> work) {
    {
      const std::lock_guard lock(mutex);
      if (ending || queue.size() >= most) return false;
      queue.push_back(std::move(work));
    }
    changed.notify_one();
    return true;
  }

  void work() {
    std::unique_lock lock(mutex);
    for (;;) {
      changed.wait(lock, [&] { return ending || !queue.empty(); });
      if (queue.empty()) return;
      std::function<void()> next = std::move(queue.front());
      queue.pop_front();
      lock.unlock();
      next();
      next = nullptr;  // what it holds is let go before anybody waits for the lock
      lock.lock();
    }
  }

  const size_t most;
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<std::function<void()>> queue;
  std::vector<Thread> threads;
  bool ending = false;
};

Executor::Executor() = default;
Executor::~Executor() = default;

Result<std::unique_ptr<Executor>> Executor::create(const Options& options) {
  std::unique_ptr<Executor> executor(new Executor());
  executor->io_ = std::make_unique<Pool>(options.io_queue);
  executor->copy_ = std::make_unique<Pool>(options.copy_queue);
  if (auto started = executor->io_->start(options.io_threads, false); !started) {
    return fail(started.error());
  }
  if (auto started = executor->copy_->start(options.copy_threads, true); !started) {
    return fail(started.error());
  }
  return executor;
}

bool Executor::run_io(std::function<void()> work) { return io_->add(std::move(work)); }
bool Executor::run_copy(std::function<void()> work) { return copy_->add(std::move(work)); }

unsigned Executor::copies_queued() const {
  const std::lock_guard lock(copy_->mutex);
  return static_cast<unsigned>(copy_->queue.size());
}

}  // namespace libcopyfile::target
