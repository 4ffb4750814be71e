// How far a copy of trees is, for somebody who looks at it while the workers go on. Nothing waits for anything here: a reader
// may see a file counted whose bytes are not yet.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

namespace libcopyfile {

// Files are all names but directories. Any thread at any time.
class TreeCounters {
 public:
  // What a reader sees.
  struct Now {
    uint64_t files_seen = 0;
    uint64_t files_done = 0;
    uint64_t bytes_seen = 0;
    uint64_t bytes_done = 0;
    bool all_seen = false;  // what was seen is the total
  };

  // The walk has met a file.
  void see(uint64_t bytes) { add(files_seen_, 1), add(bytes_seen_, bytes); }
  // It will meet no more.
  void see_no_more() { all_seen_.store(true, std::memory_order_release); }
  // Some bytes of a file are in place, and it goes on.
  void move(uint64_t bytes) { add(bytes_done_, bytes); }
  // A file that was seen is done, or has failed; `rest`: its bytes that were not told by move().
  void done(uint64_t rest) { add(files_done_, 1), add(bytes_done_, rest); }
  // A file that was seen was left out: it is part of no total, or the rate would be told as that of copying nothing.
  void leave_out(uint64_t bytes) { add(files_seen_, ~uint64_t{0}), add(bytes_seen_, 0 - bytes); }

  // Whether somebody wants to know what is being copied: names are made for a reader that asked, not for each file.
  bool wants_name() const { return wants_name_.load(std::memory_order_relaxed); }
  void set_name(std::string_view name) {
    const std::lock_guard lock(mutex_);
    name_ = name;
    wants_name_.store(false, std::memory_order_relaxed);
  }

  // Whether anybody has looked, or is going to soon: until then, going ahead to learn the total is work for nobody.
  bool wants_total() const { return wants_total_.load(std::memory_order_relaxed); }
  void ask_for_total() { wants_total_.store(true, std::memory_order_relaxed); }

  Now now() const {
    Now n;
    n.all_seen = all_seen_.load(std::memory_order_acquire);
    n.files_done = files_done_.load(std::memory_order_relaxed);
    n.bytes_done = bytes_done_.load(std::memory_order_relaxed);
    n.files_seen = files_seen_.load(std::memory_order_relaxed);
    n.bytes_seen = bytes_seen_.load(std::memory_order_relaxed);
    return n;
  }
  // The name that was set last, and from now on another one is wanted.
  std::string take_name() {
    ask_for_total();
    const std::lock_guard lock(mutex_);
    wants_name_.store(true, std::memory_order_relaxed);
    return name_;
  }

 private:
  static void add(std::atomic<uint64_t>& counter, uint64_t value) {
    counter.fetch_add(value, std::memory_order_relaxed);
  }

  std::atomic<uint64_t> files_seen_{0};
  std::atomic<uint64_t> files_done_{0};
  std::atomic<uint64_t> bytes_seen_{0};
  std::atomic<uint64_t> bytes_done_{0};
  std::atomic<bool> all_seen_{false};
  std::atomic<bool> wants_name_{true};
  std::atomic<bool> wants_total_{false};
  std::mutex mutex_;
  std::string name_;
};

}  // namespace libcopyfile
