// Logical units by the nodes of the kernel's SCSI generic driver (/dev/sg0): commands by SG_IO. There is one for every unit, whether
// the kernel has a block device of it or not.
#pragma once

#include "sys/files.h"
#include "sys/unit_transport.h"

namespace libcopyfile {

bool is_sg_node(const FileStat& stat);

// Opens units by the paths of such nodes. The block device of a unit, where there is one, is claimed as long as the link is there,
// and what is dirty of it in the page cache has been written: EBUSY where it is mounted, swapped to or part of another device.
std::unique_ptr<UnitTransport> make_sg_transport();

}  // namespace libcopyfile
