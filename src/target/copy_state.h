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

// Carries out what was asked for.
using CopyWork = std::function<OperationResult(CopyRun& run, Operation& operation)>;

class CopyManager::State {
 public:
  State(Device& of, const CopyLimits& most);
  ~State();

  // By a thread of the copy pool; known as under way from here on. IMMED: GOOD is all that the initiator hears of it before it asks.
  // `work` gets nothing of the task.
  Handled carry_out(Context& context, OperationInfo info, bool immediate, CopyWork work);
  tl::expected<OperationPtr, Outcome> begin(OperationInfo info);
  bool in_use(const Context& context, uint32_t list_id) const;

  // Parameter data as the CDB announces it: 5/1A/00 where less came.
  static wire::Decoded<wire::View> parameters(const Context& context, const wire::CopyOutCdb& cdb);
  // The unit that the command is for, kept alive. Null where it was taken away meanwhile.
  std::shared_ptr<LogicalUnit> addressed(const Context& context) const;
  OperationInfo describe(const Context& context, wire::CopyOut action) const;

  // extended_copy.cc
  Handled copy(Context& context, wire::Lid lid);
  // token_commands.cc
  Handled populate(Context& context);
  Handled write(Context& context);
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
