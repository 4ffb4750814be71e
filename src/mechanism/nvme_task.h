// Tasks of NVMe commands (device_task.h).
#pragma once

#include "mechanism/device_task.h"
#include "mechanism/judgement.h"
#include "sys/nvme_queue.h"
#include "wire/nvme_copy.h"

namespace libcopyfile {

struct NvmeCommand {
  Unit unit = Unit::destination;
  uint8_t opcode = 0;
  uint32_t namespace_id = 0;
  wire::CommandDwords dwords{};
  wire::Bytes out;
  size_t in_length = 0;
};

struct NvmeReply {
  int error = 0;  // see NvmeCompletion::error
  uint16_t status = 0;
  wire::View in;
};

struct NvmeProtocol {
  using Queue = NvmeQueue;
  using Request = NvmeRequest;
  using Completion = NvmeCompletion;
  using Command = NvmeCommand;
  using Reply = NvmeReply;

  static NvmeRequest request(const NvmeCommand& command, std::span<uint8_t> in);
  static NvmeReply reply(const NvmeCompletion& completion, wire::View in);
  static bool succeeded(const NvmeReply& reply);
  static Judgement judge(const NvmeReply& reply);
};

}  // namespace libcopyfile
