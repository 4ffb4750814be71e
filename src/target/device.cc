#include "target/device.h"

#include "target/device_state.h"
#include "wire/sense_codes.h"

namespace libcopyfile::target {

bool Gate::enter() {
  const std::lock_guard lock(mutex_);
  if (closed_) return false;
  ++inside_;
  return true;
}

void Gate::leave() {
  const std::lock_guard lock(mutex_);
  // Under the lock: who waits may destroy this as soon as it is let go.
  if (--inside_ == 0) empty_.notify_all();
}

void Gate::refuse() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
}

void Gate::close() {
  std::unique_lock lock(mutex_);
  closed_ = true;
  empty_.wait(lock, [&] { return inside_ == 0; });
}

Device::Device(std::unique_ptr<State> state) : state_(std::move(state)) { state_->device = this; }

Result<std::unique_ptr<Device>> Device::create(DeviceOptions options, LunMapOf lun_map) {
  Executor::Options threads;
  threads.io_threads = options.io_threads;
  threads.copy_threads = options.copy_threads;
  auto executor = Executor::create(threads);
  if (!executor) return fail(executor.error());
  auto state = std::make_unique<State>(std::move(options), std::move(lun_map));
  state->executor = std::move(*executor);
  std::unique_ptr<Device> device(new Device(std::move(state)));
  device->state_->copies = std::make_unique<CopyManager>(*device, device->state_->options.copy);
  return device;
}

Device::~Device() {
  state_->gate.refuse();
  for (const Nexus& nexus : state_->nexuses.all()) state_->close(nexus.id);
  state_->copies->stop();
  state_->gate.close();
  // In this order: work that the copy manager left with the threads may look at it until they have ended.
  state_->executor.reset();
  state_->copies.reset();
}

const DeviceOptions& Device::options() const { return state_->options; }
CopyManager& Device::copies() { return *state_->copies; }
Executor& Device::executor() { return *state_->executor; }

NexusId Device::next_nexus() {
  static std::atomic<NexusId> last{0};
  return ++last;
}

void Device::open_nexus(const Nexus& nexus) {
  state_->nexuses.open(nexus, state_->lun_map_of(nexus.initiator));
}

void Device::close_nexus(NexusId nexus, NexusLoss /*why*/) { state_->close(nexus); }

std::optional<Nexus> Device::nexus(NexusId id) const {
  const auto found = state_->nexuses.find(id, 0).nexus;
  if (found == nullptr) return std::nullopt;
  return found->nexus;
}

void Device::submit(TaskPtr task) { state_->submit(std::move(task)); }

void Device::manage(Management function, NexusId nexus, uint64_t lun, uint64_t tag,
                    std::function<void(ManagementResult)> done) {
  state_->manage(function, nexus, lun, tag, std::move(done));
}

LunMap Device::units_of(NexusId nexus) const { return state_->nexuses.luns_of(nexus); }

std::shared_ptr<LogicalUnit> Device::unit_of(NexusId nexus, uint64_t lun) const {
  return state_->nexuses.find(nexus, lun).unit;
}

void Device::lun_maps_changed() {
  std::set<std::shared_ptr<LogicalUnit>> gone;
  for (const Nexus& nexus : state_->nexuses.all()) {
    for (auto& unit : state_->nexuses.replace(nexus.id, state_->lun_map_of(nexus.initiator))) {
      state_->abort_tasks_of(*unit, nexus.id);
      gone.insert(std::move(unit));
    }
  }
  for (const auto& unit : gone) {
    if (!state_->nexuses.seen_by_anybody(*unit)) state_->copies->unit_removed(*unit);
  }
}

void Device::capacity_changed(LogicalUnit& unit) {
  unit.attentions().establish(wire::codes::kCapacityChanged);
}

std::optional<uint16_t> lun_number(uint64_t lun) {
  // One level only: the six bytes of deeper levels are 0.
  if ((lun & 0xffffffffffff) != 0) return std::nullopt;
  const auto first = static_cast<uint16_t>(lun >> 48);
  switch (first >> 14) {
    case 0: return first < 256 ? std::optional(first) : std::nullopt;  // peripheral, bus 0
    case 1: return static_cast<uint16_t>(first & 0x3fff);              // flat space
    default: return std::nullopt;
  }
}

uint64_t lun_field(uint16_t number) {
  const uint64_t first = number < 256 ? number : 0x4000U | (number & 0x3fffU);
  return first << 48;
}

}  // namespace libcopyfile::target
