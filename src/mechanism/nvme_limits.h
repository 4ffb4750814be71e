// What NVMe namespaces can do for each other, made out of what they and their controller say. Pure.
#pragma once

#include "facts/nvme_space.h"
#include "mechanism/negotiated.h"

namespace libcopyfile {

struct NvmeCopyLimits {
  uint32_t block = 512;
  wire::CopyFormat format = wire::CopyFormat::f0;
  uint32_t source_id = 0;
  uint32_t destination_id = 0;
  uint32_t ranges = 1;         // of one command
  uint64_t range_bytes = 0;    // of one range
  uint64_t command_bytes = 0;  // of all ranges of a command
};

// `same`: both are one namespace.
Negotiated<NvmeCopyLimits> negotiate_nvme_copy(const NvmeSides& sides, bool same);

}  // namespace libcopyfile
