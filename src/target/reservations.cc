#include "target/reservations.h"

#include "target/persistent_in.h"
#include "wire/sense_codes.h"

namespace libcopyfile::target {
namespace {

constexpr wire::SenseCode kInternalFailure{wire::SenseKey::hardware_error, 0x44, 0x00};
constexpr size_t kAptplByte = 20, kAptplByteOfMove = 17;

Outcome conflict() { return Outcome::of(Status::reservation_conflict); }

}  // namespace

Reservations::Reservations(UnitAttentions& attentions, std::string file)
    : attentions_(attentions), file_(std::move(file)) {}

Done Reservations::load() {
  const std::lock_guard changing(change_);
  Result<PersistentState> state = file_.load();
  if (!state) return fail(state.error());
  const std::unique_lock lock(mutex_);
  state_ = std::move(*state);
  look_again();
  return {};
}

void Reservations::look_again() { free_ = reserved_by_ == 0 && !state_.type; }

Status Reservations::allows(const Nexus& nexus, Need need) const {
  if (need == Need::nothing || free_) return Status::good;
  const std::shared_lock lock(mutex_);
  if (reserved_by_ != 0)
    return reserved_by_ == nexus.id ? Status::good : Status::reservation_conflict;
  const auto open = nexuses_.find(nexus.id);
  const Registration* from = open != nexuses_.end()
                                 ? state_.find(open->second.port, open->second.relative_port)
                                 : state_.find(port_of(nexus), nexus.relative_port);
  return state_.allows(from, need) ? Status::good : Status::reservation_conflict;
}

void Reservations::nexus_opened(const Nexus& nexus) {
  const std::unique_lock lock(mutex_);
  nexuses_[nexus.id] = {port_of(nexus), nexus.relative_port, nexus.initiator};
}

void Reservations::nexus_lost(NexusId nexus) {
  const std::unique_lock lock(mutex_);
  nexuses_.erase(nexus);
  if (reserved_by_ == nexus) reserved_by_ = 0;
  look_again();
}

void Reservations::reset() {
  const std::unique_lock lock(mutex_);
  reserved_by_ = 0;
  look_again();
}

// SPC-4 5.13.3 says when these two do nothing and are good; else SPC-2 5.5.1: any registration stands against RESERVE.
Outcome Reservations::reserve(const Nexus& nexus) {
  const std::lock_guard changing(change_);
  const std::unique_lock lock(mutex_);
  if (reserved_by_ != 0) return reserved_by_ == nexus.id ? Outcome::good() : conflict();
  // A session that ended while this waited would hold it for good.
  if (!nexuses_.contains(nexus.id)) return conflict();
  const Registration* from = state_.find(port_of(nexus), nexus.relative_port);
  if (from != nullptr && state_.type && (from->holder || admits_registrants(*state_.type)))
    return Outcome::good();
  if (!state_.registrations.empty()) return conflict();
  reserved_by_ = nexus.id;
  look_again();
  return Outcome::good();
}

Outcome Reservations::release(const Nexus& nexus) {
  const std::unique_lock lock(mutex_);
  if (reserved_by_ == nexus.id) {
    reserved_by_ = 0;
    look_again();
    return Outcome::good();
  }
  const Registration* from = state_.find(port_of(nexus), nexus.relative_port);
  const bool compatible =
      from != nullptr && state_.type && (from->holder || admits_registrants(*state_.type));
  return compatible || state_.registrations.empty() ? Outcome::good() : conflict();
}

wire::Decoded<PersistentRequest> Reservations::decode(wire::View cdb, wire::View parameters) const {
  auto request = decode_persistent_out(cdb, parameters);
  if (!request || !request->aptpl || file_.is_there()) return request;
  const bool moves = request->action == PersistentAction::register_and_move;
  return tl::unexpected(
      wire::refusal_at(wire::codes::kInvalidFieldInList, moves ? kAptplByteOfMove : kAptplByte));
}

// A TransportID of a device stands for the ports of it that are logged in (SPC-4 6.16.3).
std::vector<TransportId> Reservations::ports_of(const TransportId& device,
                                                uint16_t relative_port) const {
  std::vector<TransportId> ports;
  const std::shared_lock lock(mutex_);
  for (const auto& [id, open] : nexuses_) {
    auto one = decode_transport_id(open.port);
    if (!one || one->name != device.name || open.relative_port != relative_port) continue;
    const bool known = std::any_of(ports.begin(), ports.end(), [&](const TransportId& other) {
      return other.port == one->port;
    });
    if (!known) ports.push_back(std::move(*one));
  }
  return ports;
}

Outcome Reservations::persistent_out(const Nexus& nexus, wire::View cdb, wire::View parameters,
                                     std::vector<NexusId>& preempted) {
  auto request = decode(cdb, parameters);
  if (!request) return Outcome::refused(request.error());
  std::vector<TransportId> ports;
  for (TransportId& one : request->ports) {
    std::vector<TransportId> all{std::move(one)};
    if (all.front().device) all = ports_of(all.front(), nexus.relative_port);
    if (all.empty()) return Outcome::refused(wire::codes::kInvalidFieldInList);
    ports.insert(ports.end(), all.begin(), all.end());
  }
  request->ports = std::move(ports);

  const std::lock_guard changing(change_);
  PersistentState before;
  {
    const std::shared_lock lock(mutex_);
    // SPC-2 5.5.1: whoever holds it.
    if (reserved_by_ != 0) return conflict();
    before = state_;
  }
  auto changed = change(before, port_of(nexus), nexus.relative_port, *request);
  if (!changed) return changed.error();
  if (Done kept = keep(changed->next); !kept) {
    // It may be there and not be stable: the old one is put back as well as that can be done.
    (void)file_.save(before);
    return Outcome::refused(kInternalFailure);
  }
  put(std::move(*changed), nexus.id, preempted);
  return Outcome::good();
}

// REQUIRES change_, under which alone state_ changes.
Done Reservations::keep(const PersistentState& next) {
  if (!file_.is_there() || encode_reservations(next) == encode_reservations(state_)) return {};
  return file_.save(next);
}

void Reservations::put(PersistentChange change, NexusId from, std::vector<NexusId>& preempted) {
  const std::unique_lock lock(mutex_);
  state_ = std::move(change.next);
  look_again();
  for (const auto& [id, open] : nexuses_) {
    if (id == from) continue;
    const auto is_meant = [&port = open.port, relative = open.relative_port](
                              const Registration& one) { return one.is(port, relative); };
    for (const auto& notice : change.notices)
      if (is_meant(notice.whom)) attentions_.establish_for(id, notice.code);
    if (std::any_of(change.preempted.begin(), change.preempted.end(), is_meant))
      preempted.push_back(id);
  }
}

Result<wire::Bytes> Reservations::persistent_in(uint8_t service_action) const {
  if (service_action > static_cast<uint8_t>(PersistentIn::full_status))
    return fail(EINVAL, Op::validate);
  const std::shared_lock lock(mutex_);
  if (reserved_by_ != 0) return fail(EBUSY, Op::validate);
  return encode_persistent_in(state_, static_cast<PersistentIn>(service_action), file_.is_there());
}

std::vector<Reservations::Holder> Reservations::holders() const {
  std::vector<Holder> all;
  const std::shared_lock lock(mutex_);
  const auto type = state_.type ? static_cast<uint8_t>(*state_.type) : uint8_t{0};
  for (const Registration& one : state_.registrations)
    all.push_back({describe(one.port), one.key, state_.holds(one), type});
  if (const auto open = nexuses_.find(reserved_by_); open != nexuses_.end())
    all.push_back({open->second.initiator, 0, true, 0});
  return all;
}

}  // namespace libcopyfile::target
