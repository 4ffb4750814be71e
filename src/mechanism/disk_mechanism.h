// Copies by the storage between two disks that are open: what stands between a mechanism for devices and one for descriptors. The
// rules of safety are here: both disks are claimed, so that nobody has them mounted or will meanwhile; what the page cache holds
// of the source is written first, and of the destination forgotten before and after, because the kernel does not see what the
// storage writes.
#pragma once

#include "mechanism/device_task.h"
#include "mechanism/mechanism.h"

namespace libcopyfile {

class Devices;

// Two disks of which nobody else has either.
struct DiskPair {
  Devices& devices;
  int in;
  int out;
  const UnitFacts& facts;
  Control& control;
};

class DiskMechanism : public Mechanism {
 public:
  Moved move(Pair& pair, std::span<const CopyRange> ranges) const final;

 protected:
  // Offsets are those of whole disks.
  virtual Moved copy(const DiskPair& pair, std::span<const CopyRange> ranges) const = 0;
  // A disk that could not be had; `reason` is that of EBUSY.
  static Moved refused(const Error& error, const char* reason);
};

// Tells how far a command of the storage is that takes its time, and asks whether to go on.
class WorkingWatch final : public DeviceWatch {
 public:
  explicit WorkingWatch(Control& control) : control_(control) {}
  bool working(uint64_t bytes) override { return control_.working(bytes); }

 private:
  Control& control_;
};

}  // namespace libcopyfile
