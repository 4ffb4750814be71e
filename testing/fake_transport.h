// Logical units in process by addresses of the test's choice.
#pragma once

#include <map>
#include <string>
#include <utility>

#include "sys/unit_transport.h"
#include "testing/fake_scsi.h"

namespace libcopyfile::test {

// What a link says of the kernel's side of its unit.
struct FakeKernelSide {
  size_t most_bytes = SIZE_MAX;
  int may_write = 0;  // an errno
  int commands = -1;
  int block_device = -1;
  unsigned drops = 0;  // how often the cache was dropped
};

class FakeTransport final : public UnitTransport {
 public:
  void add(const std::string& address, std::shared_ptr<FakeDisk> disk) {
    disks_[address] = std::move(disk);
  }
  // What commands for a copy from `source` to `destination` go through; both the same: for that unit alone.
  FakeScsi& scsi(const std::string& source, const std::string& destination);

  FakeKernelSide& kernel_side(const std::string& address) { return kernel_[address]; }

  Result<std::unique_ptr<UnitLink>> open(const std::string& address) override;
  Result<std::unique_ptr<ScsiQueue>> queue(UnitLink& source, UnitLink& destination) override;

 private:
  std::map<std::string, std::shared_ptr<FakeDisk>> disks_;
  std::map<std::string, FakeKernelSide> kernel_;
  std::map<std::pair<std::string, std::string>, std::unique_ptr<FakeScsi>> queues_;
};

}  // namespace libcopyfile::test
