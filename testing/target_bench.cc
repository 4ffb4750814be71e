#include "testing/target_bench.h"

#include <cstdlib>

namespace libcopyfile::test {

using target::TaskPtr;

struct TargetBench::Maps {
  std::mutex mutex;
  target::LunMap everybody;
  std::map<std::string, target::LunMap> of;

  target::LunMap find(const std::string& initiator) {
    const std::lock_guard lock(mutex);
    const auto found = of.find(initiator);
    return found == of.end() ? everybody : found->second;
  }
};

struct TargetBench::Pending::Shared {
  std::promise<TaskPtr> promise;
  std::future<TaskPtr> future = promise.get_future();
};

TargetBench::TargetBench() : TargetBench(Options{}) {}

TargetBench::TargetBench(Options options) : maps_(std::make_shared<Maps>()) {
  if (options.device.name.empty()) options.device.name = "iqn.2026-01.org.example:bench";
  for (unsigned i = 0; i < options.units; ++i) {
    MemoryImage::Options image = options.image;
    image.size = options.size;
    image.name = "disk" + std::to_string(i);
    images_.push_back(memory_image(std::move(image)));
    target::UnitOptions unit = options.unit;
    unit.name = "disk" + std::to_string(i);
    unit.block_length = options.block_length;
    unit.target_name = options.device.name;
    units_.push_back(std::make_shared<target::LogicalUnit>(std::move(unit), images_.back()));
    maps_->everybody[static_cast<uint16_t>(i)] = units_.back();
  }
  auto device = target::Device::create(
      options.device, [maps = maps_](const std::string& name) { return maps->find(name); });
  // Without threads there is nothing to test.
  if (!device) std::abort();
  device_ = std::move(*device);
  first_ = open();
}

TargetBench::~TargetBench() = default;

target::NexusId TargetBench::open(std::string initiator, bool take_attentions) {
  target::Nexus nexus;
  nexus.id = target::Device::next_nexus();
  nexus.initiator = initiator.empty()
                        ? "iqn.2026-01.org.example:host" + std::to_string(next_host_++)
                        : std::move(initiator);
  // SPC-4 7.6.4.6, format 01b: name, ",i,0x" and the ISID; NUL, and padded to a multiple of four.
  const std::string port = nexus.initiator + ",i,0x400001370000";
  const size_t length = std::max<size_t>(20, (port.size() + 4) / 4 * 4);
  nexus.transport_id.resize(4 + length);
  nexus.transport_id[0] = 0x45;
  nexus.transport_id[2] = static_cast<uint8_t>(length >> 8);
  nexus.transport_id[3] = static_cast<uint8_t>(length);
  std::copy(port.begin(), port.end(), nexus.transport_id.begin() + 4);
  nexus.peer = "192.0.2.1";
  device_->open_nexus(nexus);
  if (take_attentions) {
    for (const auto& [number, unit] : device_->units_of(nexus.id)) {
      while (unit->attentions().take(nexus.id)) {
      }
    }
  }
  return nexus.id;
}

void TargetBench::close(target::NexusId nexus, target::NexusLoss why) {
  device_->close_nexus(nexus, why);
}

void TargetBench::map(const std::string& initiator, target::LunMap luns) {
  {
    const std::lock_guard lock(maps_->mutex);
    (initiator.empty() ? maps_->everybody : maps_->of[initiator]) = std::move(luns);
  }
  device_->lun_maps_changed();
}

TargetBench::Pending TargetBench::start(const wire::Bytes& cdb, wire::View data_out,
                                        uint32_t expected_in, To to) {
  auto task = std::make_unique<target::Task>();
  task->nexus = to.nexus == 0 ? first_ : to.nexus;
  task->tag = next_tag_++;
  task->lun = target::lun_field(to.lun);
  task->attribute = to.attribute;
  std::copy_n(cdb.begin(), std::min(cdb.size(), task->cdb.size()), task->cdb.begin());
  task->data_out = target::TransferBuffer(data_out);
  task->expected_in = expected_in;
  Pending pending;
  pending.tag_ = task->tag;
  pending.shared_ = std::make_shared<Pending::Shared>();
  task->done = [shared = pending.shared_](TaskPtr done) {
    shared->promise.set_value(std::move(done));
  };
  device_->submit(std::move(task));
  return pending;
}

TaskPtr TargetBench::execute(const wire::Bytes& cdb, wire::View data_out, uint32_t expected_in,
                             To to) {
  return start(cdb, data_out, expected_in, to).wait();
}

bool TargetBench::Pending::done() const {
  return shared_->future.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
}

TaskPtr TargetBench::Pending::wait() { return shared_->future.get(); }

std::future<target::ManagementResult> TargetBench::start_managing(target::Management function,
                                                                  To to, uint64_t tag) {
  auto promise = std::make_shared<std::promise<target::ManagementResult>>();
  device_->manage(function, to.nexus == 0 ? first_ : to.nexus, target::lun_field(to.lun), tag,
                  [promise](target::ManagementResult result) { promise->set_value(result); });
  return promise->get_future();
}

target::ManagementResult TargetBench::manage(target::Management function, To to, uint64_t tag) {
  return start_managing(function, to, tag).get();
}

}  // namespace libcopyfile::test
