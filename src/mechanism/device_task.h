// Pieces of a copy that a device does, whatever the protocol. A task is a chain of commands, one under way at a time; run_tasks()
// (device_run.h) keeps as many tasks going as the queue and the device take, and finds out how far the copy got. A task knows its
// protocol, and nothing of time or of other tasks.
//
// A protocol is a type that says what goes over its queue:
//   Queue, Request, Completion  the queue, see sys/device_queue.h
//   Command                     a value that owns its bytes, with `in_length`, the bytes that it wants back
//   Reply                       what came back, with `in`, the bytes of it
//   static Request request(const Command&, std::span<uint8_t> in)
//   static Reply reply(const Completion&, wire::View in)
//   static bool succeeded(const Reply&)
//   static Judgement judge(const Reply&)
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "mechanism/mechanism.h"

namespace libcopyfile {

// How a task ends.
struct TaskEnd {
  enum class Kind : uint8_t { command, finished, declined, failed };

  Kind kind = Kind::finished;
  Error error;  // of declined and failed; `where` is the reason
  Scope scope = Scope::file;

  static TaskEnd stop(Kind kind, int code, Scope scope, std::string reason) {
    return {kind, Error{code, Op::offload, std::move(reason), {}}, scope};
  }
};

// What a task wants next: it ends, or (Kind::command) it does not yet.
template <class Command>
struct DeviceStep : TaskEnd {
  Command command;
  unsigned delay_ms = 0;  // before the command

  DeviceStep() = default;
  // Implicit: what ends a task is all of the step.
  // NOLINTNEXTLINE(google-explicit-constructor)
  DeviceStep(TaskEnd end) : TaskEnd(std::move(end)) {}

  static DeviceStep send(Command command, unsigned delay_ms = 0) {
    DeviceStep step;
    step.kind = Kind::command;
    step.command = std::move(command);
    step.delay_ms = delay_ms;
    return step;
  }
};

template <class Protocol>
class DeviceTask {
 public:
  using Command = typename Protocol::Command;
  using Reply = typename Protocol::Reply;

  virtual ~DeviceTask() = default;
  virtual DeviceStep<Command> first() = 0;
  virtual DeviceStep<Command> next(const Reply& reply) = 0;
  // Of its bytes, how many are in place, without gaps from its first one.
  virtual uint64_t done() const = 0;
  virtual uint64_t length() const = 0;
  // While a command is under way: what asks the device how far it is, and what tells it to stop. Nothing where it can't.
  virtual std::optional<Command> poll() const { return std::nullopt; }
  virtual std::optional<Command> abort() const { return std::nullopt; }
  // The bytes of this task that are in place by the answer to poll(); nothing where it does not say.
  virtual std::optional<uint64_t> polled(const Reply& /*reply*/) const { return std::nullopt; }
};

// Makes the tasks of one copy, in the order of its bytes; nothing when there are no more, or when the next bytes can't be
// offloaded (then `declined` says why).
template <class Protocol>
class DeviceTasks {
 public:
  virtual ~DeviceTasks() = default;
  // At most `bytes` of work, if it can be cut there.
  virtual std::unique_ptr<DeviceTask<Protocol>> make(uint64_t bytes) = 0;
  virtual std::optional<TaskEnd> declined() const = 0;
};

// How many bytes a device is known to have done behind those that Control was told of: for display, and to be asked whether to go
// on.
class DeviceWatch {
 public:
  virtual ~DeviceWatch() = default;
  virtual bool working(uint64_t bytes) = 0;
};

template <class Protocol>
struct DeviceRun {
  typename Protocol::Queue& queue;
  Control& control;
  DeviceWatch* watch = nullptr;
  unsigned concurrency = 1;
  unsigned timeout_ms = 60'000;
  unsigned poll_ms = 500;
  uint64_t first_bytes = uint64_t{16} << 20;  // of one task, until its speed is known
};

}  // namespace libcopyfile
