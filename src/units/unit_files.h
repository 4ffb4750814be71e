// Files of which some are logical units that the kernel has no device of. A unit is opened by the address that its transport
// understands; its descriptor (a placeholder) goes wherever descriptors go, and everything above this class knows it as an open
// block device (docs/decisions/0020-units-without-devices.md).
#pragma once

#include <string>
#include <vector>

#include "sys/devices.h"
#include "sys/files.h"
#include "sys/unit_transport.h"

namespace libcopyfile {

struct ScsiUnit;

// Any thread at any time, but open() while nobody else does anything. What is done to one unit is done one after the other.
class UnitFiles final : public Files {
 public:
  // For everything that is no unit.
  explicit UnitFiles(Files& kernel);
  ~UnitFiles() override;
  UnitFiles(const UnitFiles&) = delete;
  UnitFiles& operator=(const UnitFiles&) = delete;

  // The unit stays open as long as this object and `transport`, whatever becomes of the descriptor. A failure's `where` says why,
  // in words.
  Result<Fd> open(UnitTransport& transport, const std::string& address, bool write);
  // What was opened; nullptr where `fd` is no unit.
  const ScsiUnit* unit_of(int fd);

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
  Devices* devices() override;

 private:
  struct OpenUnit;
  class UnitDevices;

  // The unit behind a descriptor, by the file that it leads to: numbers are used again, placeholders are not.
  OpenUnit* find(int fd);

  Files& kernel_;
  std::vector<std::unique_ptr<OpenUnit>> units_;
  std::unique_ptr<UnitDevices> devices_;
};

}  // namespace libcopyfile
