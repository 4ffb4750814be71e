#include "target/copy_manager.h"

#include "target/copy_state.h"
#include "wire/sense_codes.h"

namespace libcopyfile::target {

using namespace wire;

namespace {

// An operation that waits for its thread. It ends in any case, also where there was no room in the queue.
class CopyJob {
 public:
  CopyJob(Operations& operations, OperationPtr operation, CopyWork work)
      : operations_(operations), operation_(std::move(operation)), work_(std::move(work)) {}
  ~CopyJob() {
    if (operation_->result()) return;
    operations_.end(operation_, {OperationStatus::State::terminated,
                                 Outcome::of(Status::task_set_full), std::nullopt});
    operations_.forget(operation_);
  }
  CopyJob(const CopyJob&) = delete;
  CopyJob& operator=(const CopyJob&) = delete;

  // `aborted`: of the task, while there is one.
  Outcome run(const std::atomic<bool>* aborted) const {
    CopyRun run(*operation_, aborted);
    OperationResult result = work_(run, *operation_);
    Outcome outcome = result.outcome;
    operations_.end(operation_, std::move(result));
    return outcome;
  }

 private:
  Operations& operations_;
  const OperationPtr operation_;
  const CopyWork work_;
};

}  // namespace

CopyManager::State::State(Device& of, const CopyLimits& most)
    : device(of),
      limits(most),
      operations({most.max_results_per_nexus, most.concurrent}),
      tokens(
          {of.options().name, most.max_tokens_per_initiator, most.max_token_bytes_per_initiator}) {
  // Without the thread, tokens expire when somebody asks for one.
  if (auto thread = Thread::start([this] { sweep(); })) sweeper_.emplace(std::move(*thread));
}

CopyManager::State::~State() {
  operations.stop();
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
}

void CopyManager::State::sweep() {
  // The shortest time that a token may have is a second: looking twice in one is as good as being told of each.
  constexpr std::chrono::milliseconds kPeriod{500};
  std::unique_lock lock(mutex_);
  while (!ending_) {
    changed_.wait_for(lock, kPeriod);
    lock.unlock();
    tokens.expire();
    lock.lock();
  }
}

Decoded<View> CopyManager::State::parameters(const Context& context, const CopyOutCdb& cdb) {
  const View data = context.data_out();
  if (data.size() < cdb.parameter_length) {
    return tl::unexpected(refusal(codes::kParameterListLength));
  }
  return data.part(0, cdb.parameter_length);
}

std::shared_ptr<LogicalUnit> CopyManager::State::addressed(const Context& context) const {
  const auto unit = device.unit_of(context.nexus.id, context.task.lun);
  return unit.get() == context.unit ? unit : nullptr;
}

OperationInfo CopyManager::State::describe(const Context& context, CopyOut action) const {
  OperationInfo info;
  info.action = action;
  info.nexus = context.nexus.id;
  info.initiator = context.nexus.initiator;
  info.addressed = addressed(context);
  info.block_length = context.unit->block_length();
  return info;
}

tl::expected<OperationPtr, Outcome> CopyManager::State::begin(OperationInfo info) {
  const NexusId nexus = info.nexus;
  const bool lid1 = info.action == CopyOut::extended_copy_lid1;
  auto operation = operations.begin(std::move(info));
  if (operation) {
    // One that was lost meanwhile comes to ask no more, and is not lost again.
    if (!device.nexus(nexus)) operations.drop(nexus);
    return *operation;
  }
  switch (operation.error()) {
    case Operations::Refusal::in_use:
      return tl::unexpected(Outcome::refused(lid1 ? refusal_at(codes::kInvalidFieldInList, 0)
                                                  : refusal(codes::kOperationInProgress)));
    case Operations::Refusal::full: return tl::unexpected(Outcome::refused(codes::kNoResources));
    case Operations::Refusal::busy: return tl::unexpected(Outcome::of(Status::task_set_full));
    case Operations::Refusal::stopping: break;
  }
  return tl::unexpected(Outcome::of(Status::busy));
}

Handled CopyManager::State::carry_out(Context& context, OperationInfo info, bool immediate,
                                      CopyWork work) {
  const auto operation = begin(std::move(info));
  if (!operation) return operation.error();
  const auto job = std::make_shared<CopyJob>(operations, *operation, std::move(work));
  if (!immediate) {
    context.rest = [job](const std::atomic<bool>& aborted) { return job->run(&aborted); };
    return std::nullopt;
  }
  const bool queued = device.executor().run_copy([job] { job->run(nullptr); });
  return queued ? Outcome::good() : Outcome::of(Status::task_set_full);
}

OperationResult failed(const Error& error) {
  if (error.code == ECANCELED) {
    return {OperationStatus::State::terminated, Outcome::of(Status::task_aborted), std::nullopt};
  }
  return refused(copy_failure(error));
}

OperationResult refused(Sense sense) {
  return {OperationStatus::State::error, Outcome::refused(std::move(sense)), std::nullopt};
}

CopyManager::CopyManager(Device& device, const CopyLimits& limits)
    : state_(std::make_unique<State>(device, limits)) {}

CopyManager::~CopyManager() = default;

const CopyLimits& CopyManager::limits() const { return state_->limits; }

Handled CopyManager::extended_copy(Context& context, bool lid4) {
  return state_->copy(context, lid4 ? Lid::lid4 : Lid::lid1);
}

Handled CopyManager::populate_token(Context& context) { return state_->populate(context); }

Handled CopyManager::write_using_token(Context& context) { return state_->write(context); }

Outcome CopyManager::abort_operation(Context& context) { return state_->abort(context); }

Outcome CopyManager::receive_results(Context& context) { return state_->receive(context); }

void CopyManager::nexus_lost(NexusId nexus) { state_->operations.drop(nexus); }

void CopyManager::unit_reset(LogicalUnit& unit) { state_->operations.drop(unit); }

void CopyManager::unit_removed(LogicalUnit& unit) {
  state_->tokens.revoke(unit);
  state_->operations.drop(unit);
}

std::vector<CopyStatus> CopyManager::copies() const { return state_->operations.list(); }

CopyManager::Totals CopyManager::totals() const {
  Totals totals = state_->operations.totals();
  totals.tokens = state_->tokens.made();
  totals.tokens_now = state_->tokens.count();
  return totals;
}

void CopyManager::stop() { state_->operations.stop(); }

}  // namespace libcopyfile::target
