#include "target/operations.h"

#include <algorithm>
#include <limits>

namespace libcopyfile::target {
namespace {

std::string name_of(wire::CopyOut action) {
  switch (action) {
    case wire::CopyOut::extended_copy_lid1: return "EXTENDED COPY(LID1)";
    case wire::CopyOut::extended_copy_lid4: return "EXTENDED COPY(LID4)";
    case wire::CopyOut::populate_token: return "POPULATE TOKEN";
    case wire::CopyOut::write_using_token: return "WRITE USING TOKEN";
    case wire::CopyOut::copy_operation_abort: break;
  }
  return "COPY OPERATION ABORT";
}

std::string name_of(const std::weak_ptr<LogicalUnit>& known) {
  const std::shared_ptr<LogicalUnit> unit = known.lock();
  return unit == nullptr ? std::string() : unit->options().name;
}

// For people: what the status of a command amounts to.
int errno_of(const OperationResult& result) {
  if (result.outcome.ok()) return 0;
  if (result.outcome.status == Status::task_aborted) return ECANCELED;
  if (result.outcome.status == Status::reservation_conflict) return EBUSY;
  const wire::SenseCode& code = result.outcome.sense.code;
  if (code.key == wire::SenseKey::data_protect) return code.ascq == 0x07 ? ENOSPC : EROFS;
  return code.key == wire::SenseKey::illegal_request ? EINVAL : EIO;
}

}  // namespace

Operation::Operation(OperationInfo info, uint64_t number)
    : info_(std::move(info)),
      number_(number),
      source_(name_of(info_.source)),
      destination_(name_of(info_.destination)) {}

bool Operation::concerns(const LogicalUnit& unit) const {
  return is_addressed_to(&unit) || info_.source.lock().get() == &unit ||
         info_.destination.lock().get() == &unit;
}

void Operation::add(const CopyAccount& account) {
  const std::lock_guard lock(mutex_);
  account_.shared += account.shared;
  account_.moved += account.moved;
  account_.zeroed += account.zeroed;
  if (account.mechanism.empty()) return;
  account_.mechanism = account.mechanism;
  account_.reason = account.reason;
}

void Operation::end(OperationResult result) {
  const std::lock_guard lock(mutex_);
  result_ = std::move(result);
  ended_ = Clock::now();
}

uint16_t Operation::segments() const {
  return static_cast<uint16_t>(std::min<unsigned>(segments_, UINT16_MAX));
}

std::optional<OperationResult> Operation::result() const {
  const std::lock_guard lock(mutex_);
  return result_;
}

CopyAccount Operation::account() const {
  const std::lock_guard lock(mutex_);
  return account_;
}

CopyStatus Operation::status() const {
  CopyStatus status;
  status.number = number_;
  status.initiator = info_.initiator;
  status.source = source_;
  status.destination = destination_;
  status.command = name_of(info_.action);
  status.bytes = bytes_;
  status.total = info_.total;
  const std::lock_guard lock(mutex_);
  status.account = account_;
  const Clock::time_point until = result_ ? ended_ : Clock::now();
  status.seconds = std::chrono::duration<double>(until - began_).count();
  status.running = !result_;
  status.error = result_ ? errno_of(*result_) : 0;
  return status;
}

tl::expected<OperationPtr, Operations::Refusal> Operations::begin(OperationInfo info) {
  const std::lock_guard lock(mutex_);
  if (stopping_) return tl::unexpected(Refusal::stopping);
  if (running_.size() >= limits_.concurrent) return tl::unexpected(Refusal::busy);
  if (info.list_id) {
    const OperationPtr same = find_locked(info.nexus, info.addressed.lock().get(), *info.list_id);
    if (same != nullptr && !same->result()) return tl::unexpected(Refusal::in_use);
    auto& named = named_[info.nexus];
    if (same != nullptr) named.erase(std::find(named.begin(), named.end(), same));
    if (!make_room(info.nexus)) return tl::unexpected(Refusal::full);
  }
  auto operation = std::make_shared<Operation>(std::move(info), next_++);
  running_.push_back(operation);
  if (operation->info().list_id) named_[operation->info().nexus].push_back(operation);
  return operation;
}

// The oldest result goes when there are too many.
bool Operations::make_room(NexusId nexus) {
  auto& named = named_[nexus];
  if (named.size() < limits_.results_per_nexus) return true;
  const auto ended = std::find_if(named.begin(), named.end(), [](const OperationPtr& one) {
    return one->result().has_value();
  });
  if (ended == named.end()) return false;
  named.erase(ended);
  return true;
}

void Operations::end(const OperationPtr& operation, OperationResult result) {
  const CopyAccount account = operation->account();
  const bool failed = !result.outcome.ok();
  operation->end(std::move(result));
  const std::lock_guard lock(mutex_);
  running_.erase(std::find(running_.begin(), running_.end(), operation));
  recent_.push_back(operation->status());
  if (recent_.size() > kRecent) recent_.pop_front();
  ++totals_.copies;
  totals_.shared += account.shared;
  totals_.moved += account.moved;
  totals_.zeroed += account.zeroed;
  if (failed) ++totals_.failed;
  if (running_.empty()) idle_.notify_all();
}

OperationPtr Operations::find_locked(NexusId nexus, const LogicalUnit* unit,
                                     uint32_t list_id) const {
  const auto named = named_.find(nexus);
  if (named == named_.end()) return nullptr;
  const auto found =
      std::find_if(named->second.begin(), named->second.end(), [&](const OperationPtr& one) {
        return one->info().list_id == list_id && one->is_addressed_to(unit);
      });
  return found == named->second.end() ? nullptr : *found;
}

OperationPtr Operations::find(NexusId nexus, const LogicalUnit& unit, uint32_t list_id,
                              bool lid1) const {
  const std::lock_guard lock(mutex_);
  const OperationPtr found = find_locked(nexus, &unit, list_id);
  return found != nullptr && found->lid1() == lid1 ? found : nullptr;
}

void Operations::forget(const OperationPtr& operation) {
  if (!operation->result()) return;
  const std::lock_guard lock(mutex_);
  const auto named = named_.find(operation->info().nexus);
  if (named == named_.end()) return;
  std::erase(named->second, operation);
  if (named->second.empty()) named_.erase(named);
}

void Operations::drop(NexusId nexus) {
  const std::lock_guard lock(mutex_);
  named_.erase(nexus);
  for (const OperationPtr& one : running_) {
    if (one->info().nexus == nexus) one->stop();
  }
}

void Operations::drop(const LogicalUnit& unit) {
  const std::lock_guard lock(mutex_);
  for (const OperationPtr& one : running_) {
    if (one->concerns(unit)) one->stop();
  }
  for (auto& [nexus, named] : named_) {
    std::erase_if(named, [&](const OperationPtr& one) { return one->is_addressed_to(&unit); });
  }
}

void Operations::stop() {
  std::unique_lock lock(mutex_);
  stopping_ = true;
  for (const OperationPtr& one : running_) one->stop();
  idle_.wait(lock, [&] { return running_.empty(); });
}

std::vector<CopyStatus> Operations::list() const {
  const std::lock_guard lock(mutex_);
  std::vector<CopyStatus> all(recent_.begin(), recent_.end());
  for (const OperationPtr& one : running_) all.push_back(one->status());
  return all;
}

CopyManager::Totals Operations::totals() const {
  const std::lock_guard lock(mutex_);
  return totals_;
}

}  // namespace libcopyfile::target
