#include "target/attentions.h"

#include <algorithm>

namespace libcopyfile::target {
namespace {

// Power on, reset, or device reset occurred: all older conditions are gone with the reset (SAM-5 5.14.5).
constexpr uint8_t kResetOccurred = 0x29;
constexpr wire::SenseCode kPowerOn{wire::SenseKey::unit_attention, kResetOccurred, 0x00};

void add(std::deque<wire::SenseCode>& waiting, wire::SenseCode code, size_t most) {
  if (code.asc == kResetOccurred) {
    // Power on stands for every kind of reset, and is not made less by one of them.
    const bool power_on = !waiting.empty() && waiting.front() == kPowerOn;
    waiting.clear();
    waiting.push_back(power_on ? kPowerOn : code);
    return;
  }
  if (waiting.size() >= most || std::ranges::find(waiting, code) != waiting.end()) return;
  waiting.push_back(code);
}

}  // namespace

void UnitAttentions::add_nexus(NexusId nexus, wire::SenseCode first) {
  const std::lock_guard lock(mutex_);
  waiting_[nexus].assign(1, first);
}

void UnitAttentions::remove_nexus(NexusId nexus) {
  const std::lock_guard lock(mutex_);
  waiting_.erase(nexus);
}

void UnitAttentions::establish(wire::SenseCode code, NexusId except) {
  const std::lock_guard lock(mutex_);
  for (auto& [nexus, waiting] : waiting_) {
    if (nexus != except) add(waiting, code, kMost);
  }
}

void UnitAttentions::establish_for(NexusId nexus, wire::SenseCode code) {
  const std::lock_guard lock(mutex_);
  if (const auto found = waiting_.find(nexus); found != waiting_.end()) {
    add(found->second, code, kMost);
  }
}

std::optional<wire::SenseCode> UnitAttentions::take(NexusId nexus) {
  const std::lock_guard lock(mutex_);
  const auto found = waiting_.find(nexus);
  if (found == waiting_.end() || found->second.empty()) return std::nullopt;
  const wire::SenseCode code = found->second.front();
  found->second.pop_front();
  return code;
}

std::optional<wire::SenseCode> UnitAttentions::look(NexusId nexus) const {
  const std::lock_guard lock(mutex_);
  const auto found = waiting_.find(nexus);
  if (found == waiting_.end() || found->second.empty()) return std::nullopt;
  return found->second.front();
}

}  // namespace libcopyfile::target
