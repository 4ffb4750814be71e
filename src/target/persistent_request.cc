#include "target/persistent_out.h"
#include "wire/sense_codes.h"

namespace libcopyfile::target {
namespace {

using Decoded = wire::Decoded<PersistentRequest>;

constexpr size_t kBasic = 24;       // SPC-4 table 223, without TransportIDs
constexpr size_t kPortsAt = 28;     // of SPEC_I_PT
constexpr size_t kMovePortAt = 24;  // of REGISTER AND MOVE

tl::unexpected<wire::Sense> wrong_length() {
  return tl::unexpected(wire::refusal(wire::codes::kParameterListLength));
}
tl::unexpected<wire::Sense> wrong(size_t byte) {
  return tl::unexpected(wire::refusal_at(wire::codes::kInvalidFieldInList, byte));
}

Decoded with_ports(PersistentRequest request, wire::View list) {
  if (!list.has(0, kPortsAt)) return wrong_length();
  const wire::View ports = list.from(kPortsAt);
  if (list.be32(kBasic) != ports.size()) return wrong_length();
  for (size_t at = 0; at < ports.size();) {
    // As many as there can be registrations: a list may be 4 GiB long by its field, and is bounded by what a front end takes.
    if (request.ports.size() == PersistentState::kMostRegistrations) return wrong(kPortsAt + at);
    auto id = decode_transport_id(ports.from(at));
    if (!id) return wrong(kPortsAt + at);
    at += id->length;
    request.ports.push_back(std::move(*id));
  }
  return request;
}

Decoded move_to(PersistentRequest request, wire::View list) {
  request.aptpl = list.bit(17, 0);
  request.unregister = list.bit(17, 1);
  request.relative_port = list.be16(18);
  if (list.be32(20) != list.size() - kMovePortAt) return wrong_length();
  auto id = decode_transport_id(list.from(kMovePortAt));
  // SPC-4 6.16.4: a TransportID of a device names no port to move to.
  if (!id || id->device || kMovePortAt + id->length != list.size()) return wrong(kMovePortAt);
  if (request.action_key == 0) return wrong(8);
  if (request.relative_port == 0) return wrong(18);  // reserved: our ports are counted from 1
  request.ports.push_back(std::move(*id));
  return request;
}

}  // namespace

Decoded decode_persistent_out(wire::View cdb, wire::View parameters) {
  const uint32_t length = cdb.be32(5);
  if (length < kBasic || length > parameters.size()) return wrong_length();
  const wire::View list = parameters.part(0, length);

  PersistentRequest request;
  request.action = static_cast<PersistentAction>(cdb.u8(1) & 0x1fU);
  request.scope = cdb.u8(2) >> 4U;
  request.type = cdb.u8(2) & 0x0fU;
  request.key = list.be64(0);
  request.action_key = list.be64(8);
  if (request.action == PersistentAction::register_and_move)
    return move_to(std::move(request), list);

  const bool registers = request.action == PersistentAction::register_key ||
                         request.action == PersistentAction::register_and_ignore;
  request.for_others = list.bit(20, 3);
  // The two others are ignored where nothing is registered (SPC-4 6.16.3).
  request.all_ports = registers && list.bit(20, 2);
  request.aptpl = registers && list.bit(20, 0);
  if (request.for_others) {
    if (request.action != PersistentAction::register_key) return wrong(20);
    return with_ports(std::move(request), list);
  }
  if (length != kBasic) return wrong_length();
  return request;
}

}  // namespace libcopyfile::target
