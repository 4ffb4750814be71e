// Pieces of a copy that a logical unit does. A task is a chain of commands, one under way at a time; run_scsi_tasks() keeps as
// many tasks going as the queue and the target take, and finds out how far the copy got. A task knows its protocol, and
// nothing of time or of other tasks.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "mechanism/mechanism.h"
#include "sys/scsi_queue.h"
#include "wire/cdb.h"

namespace libcopyfile {

struct ScsiCommand {
  Unit unit = Unit::destination;
  wire::Cdb cdb;
  wire::Bytes out;
  size_t in_length = 0;
  bool operator==(const ScsiCommand&) const = default;
};

struct ScsiReply {
  int error = 0;  // see ScsiCompletion::error
  uint8_t status = 0;
  std::optional<wire::Sense> sense;
  wire::View in;
};

// What a task wants next.
struct TaskStep {
  enum class Kind : uint8_t { command, finished, declined, failed };

  Kind kind = Kind::finished;
  ScsiCommand command;
  unsigned delay_ms = 0;  // before the command
  Error error;            // of declined and failed; `where` is the reason
  Scope scope = Scope::file;

  static TaskStep send(ScsiCommand command, unsigned delay_ms = 0) {
    TaskStep step;
    step.kind = Kind::command;
    step.command = std::move(command);
    step.delay_ms = delay_ms;
    return step;
  }
  static TaskStep stop(Kind kind, int code, Scope scope, std::string reason) {
    TaskStep step;
    step.kind = kind;
    step.error = Error{code, Op::offload, std::move(reason), {}};
    step.scope = scope;
    return step;
  }
};

class ScsiTask {
 public:
  virtual ~ScsiTask() = default;
  virtual TaskStep first() = 0;
  virtual TaskStep next(const ScsiReply& reply) = 0;
  // Of its bytes, how many are in place, without gaps from its first one.
  virtual uint64_t done() const = 0;
  virtual uint64_t length() const = 0;
  // While a command is under way: what asks the target how far it is, and what tells it to stop. Nothing where it can't.
  virtual std::optional<ScsiCommand> poll() const { return std::nullopt; }
  virtual std::optional<ScsiCommand> abort() const { return std::nullopt; }
  // The bytes of this task that are in place by the answer to poll(); nothing where it does not say.
  virtual std::optional<uint64_t> polled(const ScsiReply& /*reply*/) const { return std::nullopt; }
};

// Makes the tasks of one copy, in the order of its bytes; nothing when there are no more, or when the next bytes can't be
// offloaded (then `declined` says why).
class ScsiTasks {
 public:
  virtual ~ScsiTasks() = default;
  // At most `bytes` of work, if it can be cut there.
  virtual std::unique_ptr<ScsiTask> make(uint64_t bytes) = 0;
  virtual std::optional<TaskStep> declined() const = 0;
};

// How many bytes a target is known to have done of what is not complete yet: for display, and to be asked whether to go on.
class ScsiWatch {
 public:
  virtual ~ScsiWatch() = default;
  virtual bool working(uint64_t bytes) = 0;
};

struct ScsiRun {
  ScsiQueue& queue;
  Control& control;
  ScsiWatch* watch = nullptr;
  unsigned concurrency = 1;
  unsigned timeout_ms = 60'000;
  unsigned poll_ms = 500;
  uint64_t first_bytes = uint64_t{16} << 20;  // of one task, until its speed is known
};

Moved run_scsi_tasks(const ScsiRun& run, ScsiTasks& tasks);

}  // namespace libcopyfile
