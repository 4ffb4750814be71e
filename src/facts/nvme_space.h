// What an NVMe namespace and its controller say of themselves, as far as copies care. Data: read_nvme_space.h asks for it,
// mechanisms decide on it.
#pragma once

#include "wire/nvme_copy.h"

namespace libcopyfile {

struct NvmeSpace {
  uint32_t id = 0;
  wire::ControllerCopy controller;
  uint16_t enabled_formats = 0;  // bit n: format n, of those that a host has to enable
  wire::NamespaceCopy space;

  // Bytes.
  uint64_t size() const { return space.blocks * space.block_length; }
  bool operator==(const NvmeSpace&) const = default;
};

struct NvmeSides {
  NvmeSpace in, out;
  // Both are of one controller, or of one subsystem: a number means the same namespace to both.
  bool same_controller = false;
};

}  // namespace libcopyfile
