// Third-party copy commands, while they run and for as long as somebody may ask what became of them (SPC-4 5.16.4, 5.16.9).
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "target/copy_manager.h"
#include "target/logical_unit.h"
#include "wire/cdb.h"
#include "wire/rod_token.h"

namespace libcopyfile::target {

struct OperationInfo {
  wire::CopyOut action = wire::CopyOut::extended_copy_lid1;
  NexusId nexus = 0;
  std::optional<uint32_t> list_id;  // nothing: nobody can ask about it
  // Not kept: what is asked for later must not keep a unit that the operator takes away.
  std::weak_ptr<LogicalUnit> addressed;            // by the command; list identifiers are its own
  std::weak_ptr<LogicalUnit> source, destination;  // the first of them; null where there is none
  std::string initiator;
  uint64_t total = 0;           // bytes
  uint32_t block_length = 512;  // of the counts of token operations
};

struct OperationResult {
  wire::OperationStatus::State state = wire::OperationStatus::State::complete;
  Outcome outcome;
  std::optional<wire::Token> token;
};

// Any thread.
class Operation {
 public:
  Operation(OperationInfo info, uint64_t number);

  const OperationInfo& info() const { return info_; }
  bool lid1() const { return info_.action == wire::CopyOut::extended_copy_lid1; }
  bool is_addressed_to(const LogicalUnit* unit) const {
    return info_.addressed.lock().get() == unit;
  }
  bool concerns(const LogicalUnit& unit) const;

  // It is to end at the next piece.
  void stop() { stopped_ = true; }
  bool stopped() const { return stopped_; }

  // By the thread that carries it out.
  void progress(uint64_t bytes) { bytes_ += bytes; }
  // At the end of a piece: so many bytes are in place, of all.
  void settle(uint64_t bytes) { bytes_ = bytes; }
  void add(const CopyAccount& account);
  void segment_done() { ++segments_; }
  void end(OperationResult result);

  uint64_t bytes() const { return bytes_; }
  uint16_t segments() const;
  std::optional<OperationResult> result() const;  // nothing while it runs
  CopyStatus status() const;
  CopyAccount account() const;

 private:
  using Clock = std::chrono::steady_clock;
  const OperationInfo info_;
  const uint64_t number_;
  const std::string source_, destination_;
  const Clock::time_point began_ = Clock::now();
  std::atomic<bool> stopped_{false};
  std::atomic<uint64_t> bytes_{0};
  std::atomic<unsigned> segments_{0};
  mutable std::mutex mutex_;
  CopyAccount account_;
  std::optional<OperationResult> result_;
  Clock::time_point ended_;
};
using OperationPtr = std::shared_ptr<Operation>;

// Any thread.
class Operations {
 public:
  struct Limits {
    unsigned results_per_nexus = 64;
    unsigned concurrent = 64;
  };
  enum class Refusal : uint8_t {
    in_use,  // the list identifier is that of an operation under way
    full,    // none of the results that are kept for this nexus may be forgotten
    busy,    // so many are under way, or wait for their turn: initiators try again
    stopping,
  };

  explicit Operations(Limits limits) : limits_(limits) {}

  // The result of an earlier operation with the same list identifier is forgotten (SPC-4 5.16.4.3).
  tl::expected<OperationPtr, Refusal> begin(OperationInfo info);
  void end(const OperationPtr& operation, OperationResult result);

  // Null where there is none; `lid1`: of EXTENDED COPY(LID1), else of all others.
  OperationPtr find(NexusId nexus, const LogicalUnit& unit, uint32_t list_id, bool lid1) const;
  // Nothing is known of it any more, if it has ended.
  void forget(const OperationPtr& operation);

  // What runs is told to stop; what has ended is forgotten.
  void drop(NexusId nexus);
  void drop(const LogicalUnit& unit);
  // Tells all to stop, lets none begin, and waits until none runs.
  void stop();

  std::vector<CopyStatus> list() const;  // those under way, and some that have ended
  CopyManager::Totals totals() const;

 private:
  OperationPtr find_locked(NexusId nexus, const LogicalUnit* unit, uint32_t list_id) const;
  bool make_room(NexusId nexus);

  static constexpr size_t kRecent = 64;
  const Limits limits_;
  mutable std::mutex mutex_;
  std::condition_variable idle_;
  std::vector<OperationPtr> running_;
  std::map<NexusId, std::deque<OperationPtr>>
      named_;  // with a list identifier, in the order in which they began
  std::deque<CopyStatus> recent_;
  CopyManager::Totals totals_;
  uint64_t next_ = 1;
  bool stopping_ = false;
};

}  // namespace libcopyfile::target
