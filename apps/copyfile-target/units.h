// The units that are served: opened from what the configuration says, kept over its changes, and clones that were made by ctl.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "copyfile-target/access.h"
#include "copyfile-target/config.h"
#include "target/logical_unit.h"

namespace libcopyfile::daemon {

struct Unit {
  LunConfig config;
  std::shared_ptr<target::LogicalUnit> unit;
  // Of a clone: of which unit, and which number each initiator got. It is served until the daemon ends, is told to remove it, or
  // finds it in its configuration.
  std::string clone_of;
  std::map<std::string, uint16_t> numbers;
};
using Units = std::map<std::string, Unit>;  // by name

// Opens the image and reads what is kept of its reservations.
tl::expected<Unit, std::string> open_unit(const LunConfig& lun, const std::string& state_directory);

// What `now` becomes by `config`. `now` is not changed: where there are problems, nothing has happened.
tl::expected<Units, Problems> next_units(const Units& now, const Config& config);

// Who sees what: as the configuration says, and clones beside what they were made of.
Access::Table access_table(const Config& config, const Units& units, Problems& problems);
// The lowest number from 0 on that this initiator has not yet; nothing where there is none.
std::optional<uint16_t> free_number(const target::LunMap& luns);

}  // namespace libcopyfile::daemon
