#include "target/persistent_in.h"

namespace libcopyfile::target {
namespace {

constexpr size_t kHeader = 8;

uint8_t type_of(const PersistentState& state) {
  return state.type ? static_cast<uint8_t>(*state.type) : uint8_t{0};
}

wire::Bytes with_header(const PersistentState& state, size_t additional) {
  wire::Bytes data(kHeader + additional);
  wire::Writer writer(data);
  writer.be32(0, state.generation);
  writer.be32(4, static_cast<uint32_t>(additional));
  return data;
}

wire::Bytes keys(const PersistentState& state) {
  wire::Bytes data = with_header(state, 8 * state.registrations.size());
  wire::Writer writer(data);
  size_t at = kHeader;
  for (const Registration& one : state.registrations) {
    writer.be64(at, one.key);
    at += 8;
  }
  return data;
}

wire::Bytes reservation(const PersistentState& state) {
  if (!state.type) return with_header(state, 0);
  wire::Bytes data = with_header(state, 16);
  wire::Writer writer(data);
  // Where all registrants are holders the key is zero (SPC-4 6.15.3.2).
  for (const Registration& one : state.registrations)
    if (one.holder) writer.be64(kHeader, one.key);
  writer.u8(kHeader + 13, type_of(state));
  return data;
}

wire::Bytes capabilities(const PersistentState& state, bool keeps) {
  constexpr uint8_t kCompatibleHandling = 0x10, kForOthers = 0x08, kAllPorts = 0x04,
                    kPersists = 0x01;
  // 011b: TEST UNIT READY always, MODE SENSE and their like through write exclusive reservations.
  constexpr uint8_t kMaskValid = 0x80, kAllowed = 0x30;
  constexpr uint16_t kAllTypes = 0xea01;
  wire::Bytes data(8);
  wire::Writer writer(data);
  writer.be16(0, 8);
  writer.u8(2, kCompatibleHandling | kForOthers | kAllPorts | (keeps ? kPersists : 0));
  writer.u8(3, kMaskValid | kAllowed | (state.aptpl ? kPersists : 0));
  writer.be16(4, kAllTypes);
  return data;
}

wire::Bytes full_status(const PersistentState& state) {
  size_t length = 0;
  for (const Registration& one : state.registrations) length += 24 + one.port.size();
  wire::Bytes data = with_header(state, length);
  wire::Writer writer(data);
  size_t at = kHeader;
  for (const Registration& one : state.registrations) {
    const bool holds = state.holds(one);
    writer.be64(at, one.key);
    writer.u8(at + 12, (one.all_ports ? 2 : 0) | (holds ? 1 : 0));
    writer.u8(at + 13, holds ? type_of(state) : uint8_t{0});
    writer.be16(at + 18, one.all_ports ? uint16_t{0} : one.relative_port);
    writer.be32(at + 20, static_cast<uint32_t>(one.port.size()));
    writer.bytes(at + 24, one.port);
    at += 24 + one.port.size();
  }
  return data;
}

}  // namespace

wire::Bytes encode_persistent_in(const PersistentState& state, PersistentIn what, bool keeps) {
  switch (what) {
    case PersistentIn::keys: return keys(state);
    case PersistentIn::reservation: return reservation(state);
    case PersistentIn::capabilities: return capabilities(state, keeps);
    case PersistentIn::full_status: return full_status(state);
  }
  return {};
}

}  // namespace libcopyfile::target
