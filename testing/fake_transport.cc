#include "testing/fake_transport.h"

#include "testing/staged_devices.h"

namespace libcopyfile::test {
namespace {

class FakeLink final : public UnitLink {
 public:
  explicit FakeLink(std::string address) : address_(std::move(address)) {}
  const std::string& name() const override { return address_; }

 private:
  const std::string address_;
};

}  // namespace

FakeScsi& FakeTransport::scsi(const std::string& source, const std::string& destination) {
  std::unique_ptr<FakeScsi>& queue = queues_[{source, destination}];
  if (!queue) queue = std::make_unique<FakeScsi>(disks_.at(source), disks_.at(destination));
  return *queue;
}

Result<std::unique_ptr<UnitLink>> FakeTransport::open(const std::string& address) {
  if (!disks_.contains(address)) return fail(ENXIO, Op::open, "there is no such unit");
  return std::make_unique<FakeLink>(address);
}

Result<std::unique_ptr<ScsiQueue>> FakeTransport::queue(UnitLink& source, UnitLink& destination) {
  using Lent = LentQueue<ScsiRequest, ScsiCompletion>;
  return std::make_unique<Lent>(scsi(source.name(), destination.name()));
}

}  // namespace libcopyfile::test
