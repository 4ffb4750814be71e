#include "tree/tree_queue.h"

#include <algorithm>
#include <iterator>

namespace libcopyfile {

void TreeQueue::push(unsigned worker, std::vector<DirectoryPtr> found) {
  if (found.empty()) return;
  const std::lock_guard lock(mutex_);
  std::move(found.begin(), found.end(), std::back_inserter(own_[worker]));
  changed_.notify_all();
}

DirectoryPtr TreeQueue::find(unsigned worker) {
  if (!own_[worker].empty()) {
    DirectoryPtr last = std::move(own_[worker].back());
    own_[worker].pop_back();
    return last;
  }
  for (std::deque<DirectoryPtr>& other : own_) {
    if (other.empty()) continue;
    DirectoryPtr first = std::move(other.front());
    other.pop_front();
    return first;
  }
  for (const DirectoryPtr& d : reading_) {
    if (d == nullptr || !d->started || d->exhausted) continue;
    if (d->expect_if_not_done()) return d;
  }
  return nullptr;
}

DirectoryPtr TreeQueue::take(unsigned worker, const std::function<void()>& idle) {
  std::unique_lock lock(mutex_);
  reading_[worker] = nullptr;
  for (bool asked = false;;) {
    if (stopped_) return nullptr;
    DirectoryPtr d = find(worker);
    if (d != nullptr) {
      reading_[worker] = d;
      // What it finds there may be worth helping with.
      changed_.notify_all();
      return d;
    }
    if (!asked) {
      asked = true;
      lock.unlock();
      idle();
      lock.lock();
      continue;
    }
    if (std::all_of(reading_.begin(), reading_.end(), [](const auto& r) { return r == nullptr; })) {
      stopped_ = true;
      changed_.notify_all();
      return nullptr;
    }
    waiting_ = true;
    changed_.wait(lock);
    waiting_ = false;
  }
}

void TreeQueue::more_to_read() {
  if (!waiting_) return;
  const std::lock_guard lock(mutex_);
  changed_.notify_all();
}

void TreeQueue::stop() {
  const std::lock_guard lock(mutex_);
  stopped_ = true;
  changed_.notify_all();
}

}  // namespace libcopyfile
