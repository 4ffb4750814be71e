// Copies by the Copy command between two namespaces of a controller, which may be one: the same contract as that of mechanism.h,
// with namespaces in the place of open files. Offsets are bytes of the whole namespace. The caller has made sure that a copy
// below the kernel is safe at all (docs/decisions/0018-copies-by-devices.md).
#pragma once

#include "mechanism/nvme_limits.h"
#include "mechanism/nvme_task.h"

namespace libcopyfile {

struct NvmePair {
  NvmeQueue& queue;
  const NvmeSides& sides;
  bool same = false;  // both are one namespace
  Control& control;
  DeviceWatch* watch = nullptr;
  unsigned timeout_ms = 60'000;
  unsigned poll_ms = 500;
  // Copies between these two were compared already.
  bool proven = false;
};

Moved copy_by_nvme(NvmePair& pair, std::span<const CopyRange> ranges);

}  // namespace libcopyfile
