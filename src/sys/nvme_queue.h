// NVMe commands of a namespace. The ioctl of the kernel and a device in process (testing/fake_nvme.h) are behind this queue.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "sys/device_queue.h"

namespace libcopyfile {

struct NvmeRequest {
  Unit unit = Unit::destination;
  uint8_t opcode = 0;
  uint32_t namespace_id = 0;
  std::array<uint32_t, 6> dwords{};  // 10 to 15
  // Both stay as they are until the completion has been reaped. At most one of them is not empty.
  std::span<const uint8_t> out;
  std::span<uint8_t> in;
  unsigned timeout_ms = 0;
  uint64_t tag = 0;  // comes back with the completion
};

struct NvmeCompletion {
  uint64_t tag = 0;
  // An errno: the command did not come through, or its answer did not. What the device did is unknown, and after ETIMEDOUT it
  // may still be doing it. 0: the rest is the device's.
  int error = 0;
  // As in the completion, without the phase: code, type, "more", "do not retry".
  uint16_t status = 0;
};

using NvmeQueue = DeviceQueue<NvmeRequest, NvmeCompletion>;

// What a namespace and its controller say of themselves, in their own bytes.
struct NvmeIdentity {
  uint32_t namespace_id = 0;
  std::vector<uint8_t> controller;     // Identify Controller
  std::vector<uint8_t> space;          // Identify Namespace
  std::vector<uint8_t> host_behavior;  // feature 16h; empty where it has none
};

}  // namespace libcopyfile
