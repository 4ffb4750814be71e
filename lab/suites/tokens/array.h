// The simulated array of testing/fake_scsi.h as two disks of this kernel, /dev/sda and /dev/sdb.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "tcmu_ring.h"
#include "testing/fake_scsi.h"

namespace libcopyfile::test {

class Array {
 public:
  // Both of `blocks` blocks. Throws ScratchError.
  explicit Array(uint64_t blocks);
  ~Array();
  Array(const Array&) = delete;
  Array& operator=(const Array&) = delete;

  // Others of the same size in their place.
  void replace(const FakeDisk& source, const FakeDisk& destination);
  // Between two commands.
  void with(const std::function<void(FakeScsi&, FakeDisk& source, FakeDisk& destination)>& what);

 private:
  void add_disk(unsigned number, uint64_t blocks);
  void serve();
  ScsiCompletion carry_out(Unit unit, std::span<const uint8_t> cdb, std::vector<uint8_t>& data);

  std::mutex mutex_;
  std::shared_ptr<FakeDisk> source_, destination_;
  std::unique_ptr<FakeScsi> scsi_;
  std::vector<std::unique_ptr<TcmuRing>> rings_;  // source, destination
  Fd stop_;
  std::thread thread_;
};

}  // namespace libcopyfile::test
