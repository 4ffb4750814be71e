// The kernel's block devices, said to be disks of a fake storage: what the host writes goes to the devices, what the storage is
// told goes to the fake one, so that each byte shows who moved it.
#pragma once

#include <sys/stat.h>

#include <functional>
#include <memory>
#include <vector>

#include "base/fd.h"
#include "sys/kernel_devices.h"
#include "testing/faulty_files.h"

namespace libcopyfile::test {

// Lends a queue for one copy.
template <class Request, class Completion>
class LentQueue final : public DeviceQueue<Request, Completion> {
 public:
  using Queue = DeviceQueue<Request, Completion>;

  explicit LentQueue(Queue& queue) : queue_(queue) {}
  unsigned depth() const override { return queue_.depth(); }
  Done submit(const Request& request) override { return queue_.submit(request); }
  bool abort(uint64_t tag) override { return queue_.abort(tag); }
  Result<size_t> reap(std::span<Completion> store, unsigned wait_ms) override {
    return queue_.reap(store, wait_ms);
  }
  uint64_t now_ms() const override { return queue_.now_ms(); }

 private:
  Queue& queue_;
};

class StagedDevices final : public Devices {
 public:
  explicit StagedDevices(ScsiQueue& scsi) : scsi_(&scsi) {}
  explicit StagedDevices(NvmeQueue& nvme) : nvme_(&nvme) {}
  void use(NvmeQueue& nvme) { nvme_ = &nvme; }

  Result<DiskNode> disk(int fd) override { return is_source(fd) ? in_node : out_node; }
  Result<Fd> claim(int fd, bool write) override {
    if (write && claim_error != 0) return fail(claim_error, Op::open);
    return kernel_.claim(fd, write);
  }
  Done drop_cache(int fd) override {
    if (on_drop) on_drop();
    return kernel_.drop_cache(fd);
  }
  Result<std::unique_ptr<ScsiQueue>> scsi_queue(int, int) override {
    if (scsi_ == nullptr) return fail(ENOTTY, Op::offload);
    return std::make_unique<LentQueue<ScsiRequest, ScsiCompletion>>(*scsi_);
  }
  Result<std::unique_ptr<NvmeQueue>> nvme_queue(int, int) override {
    if (nvme_ == nullptr) return fail(ENOTTY, Op::offload);
    return std::make_unique<LentQueue<NvmeRequest, NvmeCompletion>>(*nvme_);
  }
  Result<NvmeIdentity> nvme_identity(int fd) override {
    if (!identify) return fail(ENOTTY, Op::offload, "no NVMe device");
    return identify(is_source(fd));
  }

  int in = -1;  // the source
  DiskNode in_node{DiskKind::scsi, "", "sda", 0, false, ""};
  DiskNode out_node{DiskKind::scsi, "", "sdb", 0, false, ""};
  int claim_error = 0;
  std::function<void()> on_drop;  // the cache is about to be dropped
  std::function<Result<NvmeIdentity>(bool source)> identify;

 private:
  // Also by another descriptor.
  bool is_source(int fd) const {
    struct ::stat here {
    }, source{};
    return ::fstat(fd, &here) == 0 && ::fstat(in, &source) == 0 && here.st_rdev == source.st_rdev;
  }

  KernelDevices kernel_;
  ScsiQueue* scsi_ = nullptr;
  NvmeQueue* nvme_ = nullptr;
};

class StagedFiles final : public FaultyFiles {
 public:
  StagedFiles(Files& real, Script& script, Devices& devices)
      : FaultyFiles(real, script), devices_(devices) {}
  Devices* devices() override { return &devices_; }

 private:
  Devices& devices_;
};

}  // namespace libcopyfile::test
