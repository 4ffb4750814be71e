#include "copyfile-target/status.h"

#include <fmt/format.h>

#include "sys/system_info.h"

namespace libcopyfile::daemon {
namespace {

std::string hexadecimal(const wire::Bytes& bytes) {
  std::string text;
  for (const uint8_t byte : bytes) text += fmt::format("{:02x}", byte);
  return text;
}

Json holders_of(target::LogicalUnit& unit) {
  Json made = Json::array();
  for (const auto& holder : unit.reservations().holders()) {
    made.push_back({{"initiator", holder.initiator},
                    {"key", fmt::format("{:016x}", holder.key)},
                    {"holds", holder.holds},
                    {"type", holder.type}});
  }
  return made;
}

Json seen_by(const Config& config, const Unit& unit) {
  Json made = Json::array();
  for (const InitiatorConfig& initiator : config.initiators) {
    for (const auto& [number, name] : initiator.luns) {
      if (name == unit.config.name)
        made.push_back({{"initiator", initiator.name}, {"lun", number}});
    }
  }
  for (const auto& [initiator, number] : unit.numbers)
    made.push_back({{"initiator", initiator}, {"lun", number}});
  return made;
}

}  // namespace

Json status_of(const Service& service) {
  const Config config = service.config();
  const iscsi::ServerTotals server = service.server().totals();
  const target::CopyManager::Totals copies = service.copies().totals();
  Json portals = Json::array();
  for (const iscsi::Portal& portal : service.server().portals()) portals.push_back(text_of(portal));
  unsigned running = 0;
  for (const target::CopyStatus& copy : service.copies().copies()) running += copy.running ? 1 : 0;
  return {{"target", config.target_name},
          {"version", COPYFILE_VERSION},
          {"portals", portals},
          {"seconds", static_cast<uint64_t>(current_time() - service.started())},
          {"luns", service.units().size()},
          {"sessions", server.sessions},
          {"connections", server.connections},
          {"logins", server.logins},
          {"logins_failed", server.logins_failed},
          {"logouts", server.logouts},
          {"connections_lost", server.connections_lost},
          {"digest_errors", server.digest_errors},
          {"protocol_errors", server.protocol_errors},
          {"copies_running", running},
          {"copies", copies.copies},
          {"copies_failed", copies.failed},
          {"bytes_shared", copies.shared},
          {"bytes_moved", copies.moved},
          {"bytes_zeroed", copies.zeroed},
          {"tokens", copies.tokens_now}};
}

Json sessions_of(const Service& service) {
  Json made = Json::array();
  for (const iscsi::SessionStatus& session : service.server().sessions()) {
    made.push_back({{"initiator", session.initiator},
                    {"peer", session.peer},
                    {"isid", session.isid},
                    {"tsih", session.tsih},
                    {"discovery", session.discovery},
                    {"header_digest", session.header_digest},
                    {"data_digest", session.data_digest},
                    {"seconds", session.seconds},
                    {"commands", session.commands},
                    {"under_way", session.under_way},
                    {"bytes_received", session.received},
                    {"bytes_sent", session.sent}});
  }
  return made;
}

Json units_of(const Service& service) {
  const Config config = service.config();
  Json made = Json::array();
  for (const auto& [name, one] : service.units()) {
    target::LogicalUnit& unit = *one.unit;
    const target::LogicalUnit::Counters& counters = unit.counters();
    const target::ImageInfo& image = unit.image().info();
    made.push_back({{"name", name},
                    {"image", one.config.image},
                    {"bytes", unit.blocks() * unit.block_length()},
                    {"block_size", unit.block_length()},
                    {"read_only", unit.read_only()},
                    {"thin", one.config.thin},
                    {"write_cache", one.config.write_cache},
                    {"shares_blocks", image.can_share},
                    {"serial", one.config.serial},
                    {"naa", hexadecimal(unit.naa().value)},
                    {"clone_of", one.clone_of.empty() ? Json() : Json(one.clone_of)},
                    {"seen_by", seen_by(config, one)},
                    {"reservations", holders_of(unit)},
                    {"reads", counters.reads.load()},
                    {"bytes_read", counters.read_bytes.load()},
                    {"writes", counters.writes.load()},
                    {"bytes_written", counters.written_bytes.load()},
                    {"bytes_unmapped", counters.unmapped_bytes.load()},
                    {"errors", counters.errors.load()}});
  }
  return made;
}

Json copies_of(const Service& service) {
  Json made = Json::array();
  for (const target::CopyStatus& copy : service.copies().copies()) {
    made.push_back({{"number", copy.number},
                    {"running", copy.running},
                    {"initiator", copy.initiator},
                    {"command", copy.command},
                    {"source", copy.source},
                    {"destination", copy.destination},
                    {"bytes", copy.bytes},
                    {"total", copy.total},
                    {"bytes_shared", copy.account.shared},
                    {"bytes_moved", copy.account.moved},
                    {"bytes_zeroed", copy.account.zeroed},
                    {"mechanism", copy.account.mechanism},
                    {"reason", copy.account.reason},
                    {"seconds", copy.seconds},
                    {"error", copy.error != 0 ? Json(strerrorname_np(copy.error)) : Json()}});
  }
  return made;
}

}  // namespace libcopyfile::daemon
