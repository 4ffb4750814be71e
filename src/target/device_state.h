// Inside of a Device: its tables, and how a task goes through it (run.cc) and is managed (management.cc).
#pragma once

#include <condition_variable>
#include <mutex>

#include "target/nexus_table.h"

namespace libcopyfile::target {

// Counts what is under way, and lets nothing in any more once it was closed.
class Gate {
 public:
  bool enter();
  void leave();
  // Returns when all have left.
  void close();
  void refuse();

 private:
  std::mutex mutex_;
  std::condition_variable empty_;
  size_t inside_ = 0;
  bool closed_ = false;
};

class Device::State {
 public:
  State(DeviceOptions wanted, LunMapOf map)
      : options(std::move(wanted)), lun_map_of(std::move(map)) {}

  void submit(TaskPtr task);
  void manage(Management function, NexusId nexus, uint64_t lun, uint64_t tag,
              std::function<void(ManagementResult)> done);
  void close(NexusId nexus);
  void abort_tasks_of(LogicalUnit& unit, NexusId nexus);

  Device* device = nullptr;
  const DeviceOptions options;
  const LunMapOf lun_map_of;
  NexusTable nexuses;
  std::unique_ptr<Executor> executor;
  std::unique_ptr<CopyManager> copies;
  Gate gate;

 private:
  // Those in `ready`, and those that may start when they end.
  void run(std::vector<EntryPtr> ready);
  // True when it has its outcome; false when another thread has it now.
  bool start(const EntryPtr& entry);
  bool hand_over(const EntryPtr& entry);
  // On another thread.
  void carry_out(Entry& entry);
  bool handle(Entry& entry, MayBlock may_block);
  // Ends it when the tasks have ended that it preempted.
  void finish_behind_preempted(const EntryPtr& entry);
  void finish(const EntryPtr& entry, std::vector<EntryPtr>& ready);
  // Those that had not started have no other thread to end them.
  void end_aborted(std::vector<EntryPtr> entries);
  void reset(LogicalUnit& unit, wire::SenseCode code, const std::shared_ptr<Afterwards>& after);
};

}  // namespace libcopyfile::target
