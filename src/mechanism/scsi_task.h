// Tasks of SCSI commands (device_task.h).
#pragma once

#include <optional>

#include "mechanism/device_task.h"
#include "mechanism/judgement.h"
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

struct ScsiProtocol {
  using Queue = ScsiQueue;
  using Request = ScsiRequest;
  using Completion = ScsiCompletion;
  using Command = ScsiCommand;
  using Reply = ScsiReply;

  static ScsiRequest request(const ScsiCommand& command, std::span<uint8_t> in);
  static ScsiReply reply(const ScsiCompletion& completion, wire::View in);
  static bool succeeded(const ScsiReply& reply);
  static Judgement judge(const ScsiReply& reply);
};

using TaskStep = DeviceStep<ScsiCommand>;
using ScsiTask = DeviceTask<ScsiProtocol>;
using ScsiTasks = DeviceTasks<ScsiProtocol>;
using ScsiWatch = DeviceWatch;
using ScsiRun = DeviceRun<ScsiProtocol>;

Moved run_scsi_tasks(const ScsiRun& run, ScsiTasks& tasks);
// Where the identifiers of 32 bits begin that the lists of a copy have. Anywhere: they are the same for all programs that use a
// disk of the kernel, and of two that begin at 1 one would stop the copies of the other.
uint32_t first_list_id();
// See device_run.h.
Result<wire::Bytes> answer_to(ScsiQueue& queue, const ScsiCommand& command, unsigned timeout_ms);

}  // namespace libcopyfile
