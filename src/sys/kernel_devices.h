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
};

// SG_IO (scsi/sg.h), which sd, sr and sg nodes have. It blocks, so every command under way has a thread.
std::unique_ptr<ScsiQueue> make_sg_queue(int source, int destination);

}  // namespace libcopyfile
