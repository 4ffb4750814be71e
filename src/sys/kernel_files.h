// The kernel behind the Files interface. Stateless: make one where it is needed and pass it down.
#pragma once

#include "sys/files.h"
#include "sys/kernel_devices.h"

namespace libcopyfile {

class KernelFiles final : public Files {
 public:
  Result<FileStat> stat(int fd) override;
  Result<FsInfo> fs_info(int fd) override;
  ServerCopies server_copies(int fd) override;
  Result<uint64_t> device_size(int fd) override;
  Result<Access> access(int fd) override;
  Result<size_t> read(int fd, std::span<std::byte> buffer, uint64_t offset, Cache cache) override;
  Result<size_t> write(int fd, std::span<const std::byte> data, uint64_t offset,
                       Cache cache) override;
  Result<size_t> copy_range(int in, int out, const CopyRange& range) override;
  Done clone(int in, int out) override;
  Done clone_range(int in, int out, const CopyRange& range) override;
  Result<uint64_t> seek(int fd, uint64_t offset, Seek what) override;
  Result<size_t> extents(int fd, Range range, bool sync, std::span<RawExtent> store) override;
  Done allocate(int fd, Allocate how, Range range) override;
  Done truncate(int fd, uint64_t size) override;
  Done sync(int fd, Sync what) override;
  Done sync_file_system(int fd) override;
  Done start_writeback(int fd, Range range) override;
  Done wait_writeback(int fd, Range range) override;
  Done flush(int fd) override;
  Done lock(int fd, LockMode mode) override;
  Done advise(int fd, Range range, Advice advice) override;
  Result<Fd> reopen(int fd, Reopen how) override;
  Result<std::unique_ptr<IoQueue>> queue(unsigned depth) override;
  Result<uint64_t> resident(int fd, Range range) override;
  Devices* devices() override { return &devices_; }

 private:
  KernelDevices devices_;
};

}  // namespace libcopyfile
