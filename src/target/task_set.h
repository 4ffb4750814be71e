// The task set of one logical unit (SAM-5 8): which commands are under way, in which order they may run, and which were aborted.
// One for all nexuses (TST 0 in the control mode page).
#pragma once

#include <atomic>
#include <list>
#include <memory>
#include <mutex>
#include <vector>

#include "target/command.h"

namespace libcopyfile::target {

// Does something when its last owner lets go of it: what waits for several tasks to end.
class Afterwards {
 public:
  explicit Afterwards(std::function<void()> then) : then_(std::move(then)) {}
  ~Afterwards() {
    if (then_) then_();
  }
  Afterwards(const Afterwards&) = delete;
  Afterwards& operator=(const Afterwards&) = delete;

 private:
  std::function<void()> then_;
};

struct OpenNexus {
  Nexus nexus;
  std::atomic<bool> closed{false};
};

// A task from submit() to its done().
struct Entry {
  TaskPtr task;
  std::shared_ptr<const OpenNexus> nexus;
  std::shared_ptr<LogicalUnit> unit;  // null: there is none
  const Command* command = nullptr;
  uint8_t opcode = 0;  // these four outlive `task`
  NexusId nexus_id = 0;
  uint64_t tag = 0;
  Attribute attribute = Attribute::simple;
  std::atomic<bool> aborted{false};
  std::vector<NexusId> preempted;  // as Context::preempted
  Context::Rest rest;              // as Context::rest

  // Of the task set, under its mutex.
  bool enabled = false;
  bool ending = false;  // its outcome stands
  std::list<std::shared_ptr<Entry>>::iterator at;
  std::vector<std::shared_ptr<Afterwards>> waiting;
};
using EntryPtr = std::shared_ptr<Entry>;

// Any thread at any time.
class TaskSet {
 public:
  enum class Added : uint8_t { start, wait, full };
  // start: the caller runs it now. wait: another entry's end() will hand it out. full: it is not part of the set.
  Added add(const EntryPtr& entry);

  // What it came to stands from here on; whether it was aborted before that.
  bool settle(Entry& entry);
  // Its done() has returned. What may start now is appended to `next`; what waited for it is let go, after the lock.
  void end(const EntryPtr& entry, std::vector<EntryPtr>& next);

  // Aborts those that `which` chooses; `after` waits for their ends, and for those of chosen ones that are ending by themselves.
  // Those that had not started are taken out: the caller ends them, by `finish`. The nexuses of aborted tasks, each once.
  struct Aborted {
    size_t found = 0;  // with those that are ending
    std::vector<EntryPtr> not_started;
    std::vector<NexusId> nexuses;
  };
  Aborted abort(const std::function<bool(const Entry&)>& which,
                const std::shared_ptr<Afterwards>& after);
  size_t size() const;

 private:
  static constexpr size_t kMost = 65536;

  mutable std::mutex mutex_;
  std::list<EntryPtr>
      entries_;       // in the order of arrival; aborted ones that did not start stay until end()
  size_t heads_ = 0;  // how many of them are heads of queue
  size_t ordering_ = 0;  // how many of them are not simple
};

}  // namespace libcopyfile::target
