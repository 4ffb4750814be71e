// The kernel behind the Devices interface.
#pragma once

#include "sys/devices.h"

namespace libcopyfile {

class KernelDevices final : public Devices {
 public:
  Result<DiskNode> disk(int fd) override;
  Result<Fd> claim(int fd, bool write) override;
  Done drop_cache(int fd) override;
  Result<std::unique_ptr<ScsiQueue>> scsi_queue(int source, int destination) override;
  Result<std::unique_ptr<NvmeQueue>> nvme_queue(int source, int destination) override;
  Result<NvmeIdentity> nvme_identity(int fd) override;
};

// SG_IO (scsi/sg.h), which sd, sr and sg nodes have. It blocks, so every command under way has a thread.
std::unique_ptr<ScsiQueue> make_sg_queue(int source, int destination);
// NVME_IOCTL_IO_CMD (linux/nvme_ioctl.h), which namespaces and their partitions have. The same holds for it.
std::unique_ptr<NvmeQueue> make_nvme_queue(int source, int destination);

}  // namespace libcopyfile
