#include "target/nexus_table.h"

#include <algorithm>

#include "wire/sense_codes.h"

namespace libcopyfile::target {

std::set<std::shared_ptr<LogicalUnit>> units_in(const LunMap& luns) {
  std::set<std::shared_ptr<LogicalUnit>> units;
  for (const auto& [number, unit] : luns) units.insert(unit);
  return units;
}

void NexusTable::open(const Nexus& nexus, LunMap luns) {
  const std::unique_lock lock(mutex_);
  for (const auto& unit : units_in(luns)) {
    unit->attentions().add_nexus(nexus.id, wire::codes::kPowerOn);
    unit->reservations().nexus_opened(nexus);
  }
  auto opened = std::make_shared<OpenNexus>();
  opened->nexus = nexus;
  rows_.insert_or_assign(nexus.id, Row{std::move(opened), std::move(luns)});
}

std::optional<NexusTable::Closed> NexusTable::close(NexusId id) {
  const std::unique_lock lock(mutex_);
  const auto found = rows_.find(id);
  if (found == rows_.end()) return std::nullopt;
  Closed closed{std::move(found->second.nexus), std::move(found->second.luns)};
  rows_.erase(found);
  closed.nexus->closed = true;
  for (const auto& unit : units_in(closed.luns)) {
    unit->reservations().nexus_lost(id);
    unit->attentions().remove_nexus(id);
  }
  return closed;
}

std::vector<std::shared_ptr<LogicalUnit>> NexusTable::replace(NexusId id, LunMap luns) {
  const std::unique_lock lock(mutex_);
  const auto found = rows_.find(id);
  if (found == rows_.end() || found->second.luns == luns) return {};
  const auto before = units_in(found->second.luns);
  const auto after = units_in(luns);
  std::vector<std::shared_ptr<LogicalUnit>> gone;
  for (const auto& unit : before) {
    if (after.contains(unit)) {
      unit->attentions().establish_for(id, wire::codes::kReportedLunsChanged);
      continue;
    }
    unit->reservations().nexus_lost(id);
    unit->attentions().remove_nexus(id);
    gone.push_back(unit);
  }
  for (const auto& unit : after) {
    if (before.contains(unit)) continue;
    unit->attentions().add_nexus(id, wire::codes::kPowerOn);
    unit->reservations().nexus_opened(found->second.nexus->nexus);
  }
  found->second.luns = std::move(luns);
  return gone;
}

NexusTable::Found NexusTable::find(NexusId id, uint64_t lun) const {
  const std::shared_lock lock(mutex_);
  const auto row = rows_.find(id);
  if (row == rows_.end()) return {};
  Found found{row->second.nexus, nullptr};
  if (const auto number = lun_number(lun)) {
    const auto unit = row->second.luns.find(*number);
    if (unit != row->second.luns.end()) found.unit = unit->second;
  }
  return found;
}

LunMap NexusTable::luns_of(NexusId id) const {
  const std::shared_lock lock(mutex_);
  const auto row = rows_.find(id);
  return row == rows_.end() ? LunMap{} : row->second.luns;
}

std::vector<Nexus> NexusTable::all() const {
  const std::shared_lock lock(mutex_);
  std::vector<Nexus> all;
  for (const auto& [id, row] : rows_) all.push_back(row.nexus->nexus);
  return all;
}

bool NexusTable::seen_by_anybody(const LogicalUnit& unit) const {
  const std::shared_lock lock(mutex_);
  return std::ranges::any_of(rows_, [&](const auto& row) {
    return std::ranges::any_of(row.second.luns,
                               [&](const auto& lun) { return lun.second.get() == &unit; });
  });
}

}  // namespace libcopyfile::target
