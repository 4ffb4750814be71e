// Commands to the two logical units of a copy. This interface is the seam at which SG_IO, libiscsi and a device in process
// (testing/fake_scsi.h) are interchangeable: several commands may be under way, and one loop serves both units.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "base/error.h"

namespace libcopyfile {

// Which of the two a command is for. They may be one and the same.
enum class Unit : uint8_t { source, destination };

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

// One thread at a time. Destroying a queue waits for what is under way.
class ScsiQueue {
 public:
  virtual ~ScsiQueue() = default;
  // How many commands may be under way.
  virtual unsigned depth() const = 0;
  // REQUIRES fewer than depth() commands under way.
  virtual Done submit(const ScsiRequest& request) = 0;
  // Waits until a command is complete, at most `wait_ms`; stores as many completions as fit and returns how many. With nothing
  // under way it sleeps. A failure is the end of the queue: nothing is under way behind it.
  virtual Result<size_t> reap(std::span<ScsiCompletion> store, unsigned wait_ms) = 0;
  // The clock by which it waits.
  virtual uint64_t now_ms() const = 0;
};

// One command and its answer. REQUIRES nothing under way.
Result<ScsiCompletion> transact(ScsiQueue& queue, const ScsiRequest& request);

}  // namespace libcopyfile
