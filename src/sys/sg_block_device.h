// The block device that the kernel has of a logical unit which is spoken to by its SCSI generic node.
#pragma once

#include <optional>
#include <string>

#include "base/error.h"
#include "base/fd.h"

namespace libcopyfile {

struct BlockNode {
  std::string name;     // "sda"
  uint64_t number = 0;  // as st_rdev
};

// Of the unit that sysfs has in the folder `device` ("/sys/dev/char/21:0/device"); nothing where the kernel has none, because the
// unit is no disk or nobody has told the kernel's driver of disks about it.
Result<std::optional<BlockNode>> block_node_of(const std::string& device);

// The device itself, which nobody else has and can have exclusively from now on; what was dirty in its page cache is written. Found in the
// folder `nodes` ("/dev"), and by its number there: a node that can't be opened is a failure, because nobody knows then whether
// the disk is in use. `where` says so in words.
Result<Fd> claim_block_node(const BlockNode& node, const std::string& nodes);

}  // namespace libcopyfile
