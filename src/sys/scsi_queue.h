// SCSI commands. SG_IO, libiscsi and a device in process (testing/fake_scsi.h) are behind this queue.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "sys/device_queue.h"

namespace libcopyfile {

struct ScsiRequest {
  Unit unit = Unit::destination;
  // All three stay as they are until the completion has been reaped. At most one of `out` and `in` is not empty.
  std::span<const uint8_t> cdb;
  std::span<const uint8_t> out;
  std::span<uint8_t> in;
  unsigned timeout_ms = 0;
  uint64_t tag = 0;  // comes back with the completion
};

struct ScsiCompletion {
  static constexpr size_t kMaxSense = 252;  // SPC-4 4.5.1

  uint64_t tag = 0;
  // An errno: the command did not come through, or its answer did not. What the device did is unknown, and after ETIMEDOUT it
  // may still be doing it. 0: `status` is the device's.
  int error = 0;
  uint8_t status = 0;
  std::array<uint8_t, kMaxSense> sense{};
  uint8_t sense_length = 0;
  size_t received = 0;  // bytes of `in`

  std::span<const uint8_t> sense_data() const { return std::span(sense).first(sense_length); }
};

using ScsiQueue = DeviceQueue<ScsiRequest, ScsiCompletion>;

}  // namespace libcopyfile
