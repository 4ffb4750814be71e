// Commands to two units that are still the ones that were looked at. A unit reports that something has changed by a unit
// attention, once and to whoever comes next; after an array was rearranged behind the same path that may be all of it. So the name
// is asked for again before anything more is sent there (page 83h, SPC-4 5.16), and where it is gone, what comes next fails with
// ESTALE and never reaches the unit.
#pragma once

#include <array>
#include <deque>

#include "facts/scsi_unit.h"
#include "sys/scsi_queue.h"

namespace libcopyfile {

class VettedQueue final : public ScsiQueue {
 public:
  // All three outlive it.
  VettedQueue(ScsiQueue& queue, const ScsiUnit& source, const ScsiUnit& destination)
      : queue_(queue), units_{{{&source}, {&destination}}} {}

  unsigned depth() const override { return queue_.depth(); }
  Done submit(const ScsiRequest& request) override;
  bool transacts_here() const override { return queue_.transacts_here(); }
  Result<ScsiCompletion> transact(const ScsiRequest& request) override;
  bool abort(uint64_t tag) override { return queue_.abort(tag); }
  Result<size_t> reap(std::span<ScsiCompletion> store, unsigned wait_ms) override;
  uint64_t now_ms() const override { return queue_.now_ms(); }

 private:
  struct Vetted {
    const ScsiUnit* as_read;
    bool doubted = false;
    bool another = false;
  };
  struct Sent {
    uint64_t tag;
    Unit unit;
  };

  Vetted& of(Unit unit) { return units_[unit == Unit::source ? 0 : 1]; }
  Done look_again(Unit unit);
  // Looks again where that is due. False: it is another unit.
  Result<bool> vet(Unit unit);
  void note(Unit unit, const ScsiCompletion& completion);
  void note(const ScsiCompletion& completion);

  ScsiQueue& queue_;
  std::array<Vetted, 2> units_;
  std::deque<Sent> under_way_;
  std::deque<ScsiCompletion> completed_;  // but not reaped yet
};

}  // namespace libcopyfile
