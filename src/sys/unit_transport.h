// Logical units that are not reached by block devices of the kernel: by a session with an iSCSI target, by SCSI generic nodes, or
// in process.
#pragma once

#include <cstddef>
#include <cstdint>
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
  // The most bytes that a command may bring or take.
  virtual size_t most_bytes() const { return SIZE_MAX; }

  // The rest is for units that the kernel knows, too.

  // A failure, with words in `where`, if nobody is to write to it.
  virtual Done may_write() { return {}; }
  // What the kernel has in memory of what the unit holds is forgotten.
  virtual Done drop_cache() { return {}; }
  // What takes commands as a disk of the kernel does; -1 where there is no such descriptor.
  virtual int commands() const { return -1; }
  // The block device of the same unit; -1 where there is none.
  virtual int block_device() const { return -1; }
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
