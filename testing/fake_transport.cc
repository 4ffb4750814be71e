#include "testing/fake_transport.h"

#include "testing/staged_devices.h"

namespace libcopyfile::test {
namespace {

class FakeLink final : public UnitLink {
 public:
  FakeLink(std::string address, FakeKernelSide& kernel)
      : address_(std::move(address)), kernel_(kernel) {}
  const std::string& name() const override { return address_; }
  size_t most_bytes() const override { return kernel_.most_bytes; }
  Done may_write() override {
    if (kernel_.may_write != 0) return fail(kernel_.may_write, Op::open, "nobody is to");
    return {};
  }
  Done drop_cache() override {
    ++kernel_.drops;
    return {};
  }
  int commands() const override { return kernel_.commands; }
  int block_device() const override { return kernel_.block_device; }

 private:
  const std::string address_;
  FakeKernelSide& kernel_;
};

}  // namespace

FakeScsi& FakeTransport::scsi(const std::string& source, const std::string& destination) {
  std::unique_ptr<FakeScsi>& queue = queues_[{source, destination}];
  if (!queue) queue = std::make_unique<FakeScsi>(disks_.at(source), disks_.at(destination));
  return *queue;
}

Result<std::unique_ptr<UnitLink>> FakeTransport::open(const std::string& address) {
  if (!disks_.contains(address)) return fail(ENXIO, Op::open, "there is no such unit");
  return std::make_unique<FakeLink>(address, kernel_[address]);
}

Result<std::unique_ptr<ScsiQueue>> FakeTransport::queue(UnitLink& source, UnitLink& destination) {
  using Lent = LentQueue<ScsiRequest, ScsiCompletion>;
  return std::make_unique<Lent>(scsi(source.name(), destination.name()));
}

}  // namespace libcopyfile::test
