#include "target/copy_manager.h"

#include "target/command.h"
#include "wire/sense_codes.h"

namespace libcopyfile::target {

class CopyManager::State {
 public:
  CopyLimits limits;
};

CopyManager::CopyManager(Device& /*device*/, const CopyLimits& limits)
    : state_(std::make_unique<State>()) {
  state_->limits = limits;
}
CopyManager::~CopyManager() = default;

const CopyLimits& CopyManager::limits() const { return state_->limits; }
wire::OperatingParameters CopyManager::operating_parameters() const { return {}; }
wire::ThirdPartyCopy CopyManager::page_for(const LogicalUnit& /*unit*/) const { return {}; }

Outcome CopyManager::extended_copy(Context& /*context*/, bool /*lid4*/) {
  return Outcome::refused(wire::codes::kInvalidOperation);
}
Outcome CopyManager::populate_token(Context& /*context*/) {
  return Outcome::refused(wire::codes::kInvalidOperation);
}
Outcome CopyManager::write_using_token(Context& /*context*/) {
  return Outcome::refused(wire::codes::kInvalidOperation);
}
Outcome CopyManager::abort_operation(Context& /*context*/) {
  return Outcome::refused(wire::codes::kInvalidOperation);
}
Outcome CopyManager::receive_results(Context& /*context*/) {
  return Outcome::refused(wire::codes::kInvalidOperation);
}

void CopyManager::nexus_lost(NexusId /*nexus*/) {}
void CopyManager::unit_reset(LogicalUnit& /*unit*/) {}
void CopyManager::unit_removed(LogicalUnit& /*unit*/) {}
std::vector<CopyStatus> CopyManager::copies() const { return {}; }
CopyManager::Totals CopyManager::totals() const { return {}; }
void CopyManager::stop() {}

}  // namespace libcopyfile::target
