#include "reservation_bench.h"

#include <cstdio>

namespace libcopyfile::test {

OutCommand out_command(Action action, const OutOptions& options) {
  OutCommand command;
  command.list.resize(24);
  wire::Writer list(command.list);
  list.be64(0, options.key);
  list.be64(8, options.action_key);
  list.u8(20, options.flags);
  command.list.insert(command.list.end(), options.behind.begin(), options.behind.end());
  command.cdb.resize(10);
  wire::Writer cdb(command.cdb);
  cdb.u8(0, 0x5f);
  cdb.u8(1, action);
  cdb.u8(2, static_cast<uint8_t>(options.scope << 4U | options.type));
  cdb.be32(5, static_cast<uint32_t>(command.list.size()));
  return command;
}

OutCommand move_command(uint64_t key, uint64_t action_key, const wire::Bytes& to, uint16_t port,
                        uint8_t flags) {
  OutCommand command = out_command(kMove, {.key = key, .action_key = action_key, .behind = to});
  wire::Writer list(command.list);
  list.u8(17, flags);
  list.be16(18, port);
  list.be32(20, static_cast<uint32_t>(to.size()));
  return command;
}

wire::Bytes transport_id(const std::string& name, const std::string& isid) {
  const std::string text = isid.empty() ? name : name + ",i,0x" + isid;
  const size_t length = std::max<size_t>(20, (text.size() + 4) / 4 * 4);
  wire::Bytes id(4 + length);
  wire::Writer writer(id);
  writer.u8(0, isid.empty() ? 0x05 : 0x45);
  writer.be16(2, static_cast<uint16_t>(length));
  std::copy(text.begin(), text.end(), id.begin() + 4);
  return id;
}

wire::Bytes port_list(const std::vector<wire::Bytes>& ids) {
  wire::Bytes list(4);
  for (const wire::Bytes& id : ids) list.insert(list.end(), id.begin(), id.end());
  wire::Writer(list).be32(0, static_cast<uint32_t>(list.size() - 4));
  return list;
}

void ReservationBench::start(const std::string& path) {
  path_ = path;
  reservations_.reset();
  attentions_ = std::make_unique<target::UnitAttentions>();
  reservations_ = std::make_unique<target::Reservations>(*attentions_, path);
  const Done loaded = reservations_->load();
  ASSERT_TRUE(loaded) << loaded.error().message();
  for (const auto& [id, nexus] : std::exchange(open_, {})) open(nexus);
}

Nexus ReservationBench::nexus(unsigned number, uint16_t port) const {
  char isid[16];
  (void)std::snprintf(isid, sizeof(isid), "00023d%06x", number);
  Nexus one;
  one.id = number * 16 + port;
  one.initiator = "iqn.2026-01.example:host" + std::to_string(number);
  one.transport_id = transport_id(one.initiator, isid);
  one.relative_port = port;
  return one;
}

void ReservationBench::open(const Nexus& nexus) {
  open_[nexus.id] = nexus;
  attentions_->add_nexus(nexus.id, {wire::SenseKey::unit_attention, 0x29, 0});
  (void)told(nexus);
  reservations_->nexus_opened(nexus);
}

void ReservationBench::close(const Nexus& nexus) {
  open_.erase(nexus.id);
  reservations_->nexus_lost(nexus.id);
  attentions_->remove_nexus(nexus.id);
}

Outcome ReservationBench::out(const Nexus& nexus, const OutCommand& command) {
  return reservations_->persistent_out(nexus, command.cdb, command.list, preempted_);
}

Outcome ReservationBench::out(const Nexus& nexus, Action action, const OutOptions& options) {
  return out(nexus, out_command(action, options));
}

Outcome ReservationBench::join(const Nexus& nexus, uint64_t key, uint8_t flags) {
  return out(nexus, kRegister, {.action_key = key, .flags = flags});
}

Outcome ReservationBench::reserve(const Nexus& nexus, uint64_t key, uint8_t type) {
  return out(nexus, kReserve, {.type = type, .key = key});
}

wire::Bytes ReservationBench::in(In what) {
  const Result<wire::Bytes> data = reservations_->persistent_in(what);
  EXPECT_TRUE(data);
  return data ? *data : wire::Bytes();
}

KeysRead ReservationBench::keys() {
  const wire::Bytes data = in(kReadKeys);
  const wire::View view(data);
  EXPECT_EQ(view.be32(4) + 8, view.size());
  KeysRead read{view.be32(0), {}};
  for (size_t at = 8; at < view.size(); at += 8) read.keys.push_back(view.be64(at));
  return read;
}

std::optional<std::pair<uint8_t, uint64_t>> ReservationBench::reservation() {
  const wire::Bytes data = in(kReadReservation);
  const wire::View view(data);
  if (view.be32(4) == 0) return std::nullopt;
  EXPECT_EQ(view.size(), 24U);
  return std::pair(view.u8(21), view.be64(8));
}

bool ReservationBench::may(const Nexus& nexus, target::Need need) const {
  return reservations_->allows(nexus, need) == Status::good;
}

std::vector<wire::SenseCode> ReservationBench::told(const Nexus& nexus) {
  std::vector<wire::SenseCode> all;
  while (const auto one = attentions_->take(nexus.id)) all.push_back(*one);
  return all;
}

}  // namespace libcopyfile::test
