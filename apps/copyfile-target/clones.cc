// Snapshots and clones of units, by the file system that their images are on.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "copyfile-target/service.h"
#include "sys/system_info.h"

namespace libcopyfile::daemon {
namespace {

namespace fs = std::filesystem;

// 2026-01-31T23:59:59Z without what file names are better without.
std::string time_suffix() {
  std::string text = utc_text(current_time());
  std::erase_if(text, [](char c) { return c == '-' || c == ':'; });
  return text;
}

std::string beside(const std::string& image, const std::string& path) {
  return (fs::path(image).parent_path() / path).lexically_normal().string();
}

std::string why_not(const Error& error, const std::string& image) {
  if (is_not_supported(error.code) || error.code == EXDEV)
    return fmt::format("the file system of '{}' shares no blocks (XFS with reflink and Btrfs do)",
                       image);
  return error.message();
}

// Whether `name` is `image` with a time_suffix() behind '@'.
bool is_snapshot_of(std::string_view name, std::string_view image) {
  if (!name.starts_with(image)) return false;
  name.remove_prefix(image.size());
  return name.size() == 17 && name[0] == '@' && name[9] == 'T' && name[16] == 'Z';
}

}  // namespace

tl::expected<Unit, std::string> Service::unit_of(const std::string& lun) const {
  const std::lock_guard lock(mutex_);
  const auto found = units_.find(lun);
  if (found == units_.end()) return tl::make_unexpected(fmt::format("there is no LUN '{}'", lun));
  return found->second;
}

tl::expected<Service::Snapshot, std::string> Service::snapshot(const std::string& lun,
                                                               const std::string& path) {
  const auto unit = unit_of(lun);
  if (!unit) return tl::make_unexpected(unit.error());
  const std::string& image = unit->config.image;
  Snapshot made;
  made.path = path.empty() ? image + "@" + time_suffix() : beside(image, path);
  made.size = unit->unit->image().info().size;
  const double begin = monotonic_seconds();
  {
    // What must be one step to everybody, a copy into the unit above all, is in the snapshot as a whole or not at all.
    const auto hold = unit->unit->locks().acquire({0, made.size}, target::RangeLocks::Mode::shared);
    if (const Done done = unit->unit->image().snapshot(made.path); !done)
      return tl::make_unexpected(why_not(done.error(), image));
  }
  made.seconds = monotonic_seconds() - begin;
  log_.event("snapshot", {{"lun", lun}, {"path", made.path}});
  return made;
}

tl::expected<std::vector<Service::Kept>, std::string> Service::snapshots(
    const std::string& lun) const {
  if (!lun.empty() && !unit_of(lun)) return tl::make_unexpected(unit_of(lun).error());
  std::vector<Kept> kept;
  for (const auto& [name, unit] : units()) {
    if (!lun.empty() && name != lun) continue;
    const fs::path image = unit.config.image;
    std::error_code error;
    for (fs::directory_iterator entry(image.parent_path(), error), end; !error && entry != end;
         entry.increment(error)) {
      if (!is_snapshot_of(entry->path().filename().string(), image.filename().string())) continue;
      std::error_code gone;  // meanwhile
      const uint64_t size = entry->file_size(gone);
      const auto made = entry->last_write_time(gone);
      if (gone) continue;
      const auto since = std::chrono::file_clock::to_sys(made).time_since_epoch();
      kept.push_back(
          {name, entry->path().string(), size, std::chrono::duration<double>(since).count()});
    }
    if (error)
      return tl::make_unexpected(fmt::format("cannot list snapshots: {}", error.message()));
  }
  std::sort(kept.begin(), kept.end(), [](const Kept& a, const Kept& b) {
    return std::tie(a.lun, a.path) < std::tie(b.lun, b.path);  // the time is in the name
  });
  return kept;
}

tl::expected<Unit, std::string> Service::clone(const std::string& lun, const std::string& name,
                                               const std::string& path) {
  const std::lock_guard changing(changing_);
  const auto source = unit_of(lun);
  if (!source) return tl::make_unexpected(source.error());
  if (unit_of(name)) return tl::make_unexpected(fmt::format("there is a LUN '{}' already", name));

  LunConfig config = source->config;
  config.name = name;
  config.image = beside(source->config.image, path.empty() ? name + ".img" : path);
  config.read_only = false;
  config.line = 0;
  Config with = this->config();
  config.serial = default_serial(with.target_name, name);
  with.luns.push_back(config);
  Problems problems;
  check(with, problems);
  if (!problems.empty()) return tl::make_unexpected(problems.front().text);

  const auto made = snapshot(lun, config.image);
  if (!made) return tl::make_unexpected(made.error());
  auto unit = open_unit(config, with.state_directory);
  if (!unit) return tl::make_unexpected(unit.error());
  unit->clone_of = lun;

  Units units = this->units();
  Config now = this->config();
  const Access::Table before = access_table(now, units, problems);
  for (const auto& [initiator, entry] : before) {
    const bool sees = std::any_of(entry.luns.begin(), entry.luns.end(),
                                  [&](const auto& one) { return one.second == source->unit; });
    const auto number = free_number(entry.luns);
    if (sees && number) unit->numbers.emplace(initiator, *number);
  }
  units.emplace(name, *unit);
  apply(units, access_table(now, units, problems));
  log_.event("clone", {{"lun", lun}, {"clone", name}, {"path", config.image}});
  return *unit;
}

tl::expected<void, std::string> Service::remove(const std::string& name) {
  const std::lock_guard changing(changing_);
  const auto unit = unit_of(name);
  if (!unit) return tl::make_unexpected(unit.error());
  if (unit->clone_of.empty())
    return tl::make_unexpected(
        fmt::format("'{}' is in the configuration: take it out there, and reload", name));
  Units units = this->units();
  units.erase(name);
  Problems none;
  apply(units, access_table(config(), units, none));
  log_.event("remove", {{"lun", name}});
  return {};
}

}  // namespace libcopyfile::daemon
