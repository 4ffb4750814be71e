// Mechanisms for logical units: the same contract as that of mechanism.h (what counts is in place, in the order of the ranges;
// it stops for one reason; no policy, no state), with the units in the place of open files. Offsets are bytes of the whole
// unit: who copies a partition adds where it begins, and checks where it ends.
//
// The caller has made sure that a copy below the kernel is safe at all (docs/decisions/0018-copies-by-devices.md): nobody has
// the destination mounted or open, and no cache of either holds anything else than the unit.
#pragma once

#include "facts/scsi_unit.h"
#include "mechanism/scsi_task.h"

namespace libcopyfile {

struct UnitPair {
  ScsiQueue& queue;
  const ScsiUnit& in;
  const ScsiUnit& out;
  Control& control;
  ScsiWatch* watch = nullptr;
  unsigned timeout_ms = 60'000;
  unsigned poll_ms = 500;
  // Copies between these two were compared already. Else the first ones are: nothing else proves that the copy manager found
  // the units that were meant.
  bool proven = false;
};

class UnitMechanism {
 public:
  virtual ~UnitMechanism() = default;
  virtual std::string_view name() const = 0;
  // Pure: from what the units say of themselves.
  virtual Verdict can(const ScsiUnit& in, const ScsiUnit& out) const = 0;
  virtual Moved move(UnitPair& pair, std::span<const CopyRange> ranges) const = 0;
};

std::unique_ptr<UnitMechanism> make_scsi_extended_copy();
std::unique_ptr<UnitMechanism> make_scsi_token();

}  // namespace libcopyfile
