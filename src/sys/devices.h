// What can be done to disks beside reading and writing them. Files::devices() leads here; a Files that has none knows no disks.
#pragma once

#include <memory>
#include <string>

#include "sys/nvme_queue.h"
#include "sys/scsi_queue.h"

namespace libcopyfile {
class Fd;

enum class DiskKind : uint8_t { other, scsi, nvme };

// A block device node in the light of sysfs.
struct DiskNode {
  DiskKind kind = DiskKind::other;  // of the disk, or of the one of which it is a partition
  std::string why_not;              // `other`: what it is
  std::string disk;                 // the kernel's name of the whole disk: "sda"
  uint64_t start = 0;               // where the partition begins, bytes
  bool zoned = false;
  // nvme: what the kernel calls the controller, or the subsystem where there are several paths.
  std::string controller;
};

class Devices {
 public:
  virtual ~Devices() = default;

  virtual Result<DiskNode> disk(int fd) = 0;
  // Another descriptor of the block device, which nobody else has exclusively: EBUSY where it is mounted, swapped to or part of
  // another device. As long as it is open, nobody can begin to.
  virtual Result<Fd> claim(int fd, bool write) = 0;
  // BLKFLSBUF: what is dirty in the page cache is written, and what is clean is forgotten.
  virtual Done drop_cache(int fd) = 0;
  // Commands to the disks behind two descriptors, which must stay open; they may be the same.
  virtual Result<std::unique_ptr<ScsiQueue>> scsi_queue(int source, int destination) = 0;
  virtual Result<std::unique_ptr<NvmeQueue>> nvme_queue(int source, int destination) = 0;
  virtual Result<NvmeIdentity> nvme_identity(int fd) = 0;
};

}  // namespace libcopyfile
