// Asks an NVMe namespace what it is and what can be copied in it.
#pragma once

#include "facts/nvme_space.h"
#include "sys/devices.h"

namespace libcopyfile {

Result<NvmeSpace> read_nvme_space(Devices& devices, int fd);

}  // namespace libcopyfile
