// What the commands of the copy manager share. For its own files only.
#pragma once

#include <condition_variable>

#include "sys/thread.h"
#include "target/command.h"
#include "target/copy_run.h"
#include "target/device.h"
#include "target/tokens.h"
#include "wire/extended_copy.h"

namespace libcopyfile::target {

class CopyManager::State {
 public:
  State(Device& of, const CopyLimits& most);
  ~State();

  // A command that is carried out now, or later by a thread of the copy pool (IMMED): then GOOD is all that the initiator hears of it
  // before it asks. `work` gets nothing of the task in the second case.
  using Work = std::function<OperationResult(CopyRun& run, Operation& operation)>;
  Outcome carry_out(Context& context, OperationInfo info, bool immediate, Work work);
  Outcome carry_out(Context& context, const OperationPtr& operation, bool immediate, Work work);
  tl::expected<OperationPtr, Outcome> begin(OperationInfo info);
  bool in_use(const Context& context, uint32_t list_id) const;

  // Parameter data as the CDB announces it: 5/1A/00 where less came.
  static wire::Decoded<wire::View> parameters(const Context& context, const wire::CopyOutCdb& cdb);
  // The unit that the command is for, kept alive. Null where it was taken away meanwhile.
  std::shared_ptr<LogicalUnit> addressed(const Context& context) const;
  OperationInfo describe(const Context& context, wire::CopyOut action) const;

  // extended_copy.cc
  Outcome copy(Context& context, wire::Lid lid);
  // token_commands.cc
  Outcome populate(Context& context);
  Outcome write(Context& context);
  // receive_results.cc
  Outcome receive(Context& context);
  Outcome abort(Context& context);

  Device& device;
  const CopyLimits limits;
  Operations operations;
  TokenStore tokens;

 private:
  // Forgets tokens whose time is over, so that what they hold becomes free without anybody asking.
  void sweep();

  std::mutex mutex_;
  std::condition_variable changed_;
  bool ending_ = false;
  std::optional<Thread> sweeper_;
};

// What a failure of `run` amounts to, unless the caller knows better.
OperationResult failed(const Error& error);
OperationResult refused(wire::Sense sense);

}  // namespace libcopyfile::target
