#include "copyfile-target/units.h"

#include <fmt/format.h>

namespace libcopyfile::daemon {
namespace {

constexpr uint16_t kMostLuns = 16384;

target::UnitOptions options_of(const LunConfig& lun, const std::string& state_directory) {
  target::UnitOptions options;
  options.name = lun.name;
  options.block_length = lun.block_size;
  options.thin = lun.thin;
  options.write_cache = lun.write_cache;
  options.serial = lun.serial;
  if (!state_directory.empty())
    options.reservations_file = fmt::format("{}/{}.reservations", state_directory, lun.name);
  return options;
}

}  // namespace

tl::expected<Unit, std::string> open_unit(const LunConfig& lun,
                                          const std::string& state_directory) {
  const auto refuse = [&](std::string_view why) {
    return tl::make_unexpected(fmt::format("LUN '{}': {}", lun.name, why));
  };
  const auto image = target::open_image(lun.image, {lun.read_only, lun.write_cache});
  if (!image && image.error().code == EBUSY)
    return refuse(fmt::format("'{}' is served already, by this target or another one", lun.image));
  if (!image && image.error().code == EINVAL)
    return refuse(fmt::format("'{}' is no regular file, or holds nothing", lun.image));
  if (!image) return refuse(image.error().message());
  if ((*image)->info().size < lun.block_size)
    return refuse(fmt::format("'{}' is smaller than a block", lun.image));
  Unit made{
      lun, std::make_shared<target::LogicalUnit>(options_of(lun, state_directory), *image), {}, {}};
  if (const Done loaded = made.unit->reservations().load(); !loaded)
    return refuse("its reservations: " + loaded.error().message());
  return made;
}

tl::expected<Units, Problems> next_units(const Units& now, const Config& config) {
  Units next;
  Problems problems;
  for (const LunConfig& lun : config.luns) {
    const auto found = now.find(lun.name);
    if (found == now.end()) {
      if (auto opened = open_unit(lun, config.state_directory)) {
        next.emplace(lun.name, std::move(*opened));
      } else {
        problems.push_back({lun.line, opened.error()});
      }
    } else if (found->second.config.same_unit(lun)) {
      next.emplace(lun.name, Unit{lun, found->second.unit, {}, {}});
    } else {
      problems.push_back(
          {lun.line, fmt::format("LUN '{}' is in use as it was: restart, or reload once "
                                 "without it and then with it",
                                 lun.name)});
    }
  }
  for (const auto& [name, unit] : now) {
    if (!unit.clone_of.empty()) next.emplace(name, unit);  // unless the configuration has it now
  }
  if (problems.empty()) return next;
  return tl::make_unexpected(std::move(problems));
}

Access::Table access_table(const Config& config, const Units& units, Problems& problems) {
  Access::Table table;
  for (const InitiatorConfig& initiator : config.initiators) {
    Access::Entry entry{initiator.authentication, {}};
    for (const auto& [number, name] : initiator.luns)
      entry.luns.emplace(number, units.at(name).unit);
    for (const auto& [name, unit] : units) {
      const auto number = unit.numbers.find(initiator.name);
      if (number == unit.numbers.end() || entry.luns.emplace(number->second, unit.unit).second)
        continue;
      problems.push_back(
          {initiator.line, fmt::format("[[initiator]] '{}': LUN {} is the clone '{}' already",
                                       initiator.name, number->second, name)});
    }
    table.emplace(initiator.name, std::move(entry));
  }
  return table;
}

std::optional<uint16_t> free_number(const target::LunMap& luns) {
  for (uint16_t number = 0; number < kMostLuns; ++number) {
    if (!luns.contains(number)) return number;
  }
  return std::nullopt;
}

}  // namespace libcopyfile::daemon
