// Two disks that can be asked to copy. Data; read_unit_facts.h finds it out.
#pragma once

#include <optional>

#include "facts/nvme_space.h"
#include "facts/scsi_unit.h"

namespace libcopyfile {

struct UnitFacts {
  ScsiUnit in, out;               // of SCSI disks
  std::optional<NvmeSides> nvme;  // of NVMe disks, which say nothing in the words of SCSI
  // Where the partitions begin on their disks, bytes; 0 for whole disks.
  uint64_t in_start = 0;
  uint64_t out_start = 0;
  bool same_disk = false;
  bool out_claimed = false;  // by whoever opened it
  // Offsets (of the disk) and lengths of what the disks copy are multiples of it.
  uint64_t granularity = 512;
};

}  // namespace libcopyfile
