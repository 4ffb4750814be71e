// Logical units that are reached without a device of the kernel: by a session with an iSCSI target, or in process.
#pragma once

#include <memory>
#include <string>

#include "sys/scsi_queue.h"

namespace libcopyfile {

// One way to one unit. It ends with the object.
class UnitLink {
 public:
  virtual ~UnitLink() = default;
  // The same for two links that lead to one unit by one way; else nothing is said.
  virtual const std::string& name() const = 0;
};

class UnitTransport {
 public:
  virtual ~UnitTransport() = default;
  // A failure's `where` says why, in words.
  virtual Result<std::unique_ptr<UnitLink>> open(const std::string& address) = 0;
  // Commands to the units of two links of this transport, which may be one and the same and stay open. At most one queue of a
  // link at a time.
  virtual Result<std::unique_ptr<ScsiQueue>> queue(UnitLink& source, UnitLink& destination) = 0;
};

}  // namespace libcopyfile
