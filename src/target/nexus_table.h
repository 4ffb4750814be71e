// Who talks to the target, and which units each of them sees.
#pragma once

#include <set>
#include <shared_mutex>

#include "target/device.h"
#include "target/task_set.h"

namespace libcopyfile::target {

// Any thread at any time. The tables of the units (unit attentions, reservations) follow it.
class NexusTable {
 public:
  void open(const Nexus& nexus, LunMap luns);
  struct Closed {
    std::shared_ptr<OpenNexus> nexus;
    LunMap luns;
  };
  // Nothing where it is not open.
  std::optional<Closed> close(NexusId id);
  // The units that it saw before and doesn't any more.
  std::vector<std::shared_ptr<LogicalUnit>> replace(NexusId id, LunMap luns);

  struct Found {
    std::shared_ptr<const OpenNexus> nexus;  // null: none
    std::shared_ptr<LogicalUnit> unit;       // null: no such LUN
  };
  Found find(NexusId id, uint64_t lun) const;
  LunMap luns_of(NexusId id) const;
  std::vector<Nexus> all() const;
  bool seen_by_anybody(const LogicalUnit& unit) const;

 private:
  struct Row {
    std::shared_ptr<OpenNexus> nexus;
    LunMap luns;
  };
  mutable std::shared_mutex mutex_;
  std::map<NexusId, Row> rows_;
};

// Each unit once, under however many numbers it is seen.
std::set<std::shared_ptr<LogicalUnit>> units_in(const LunMap& luns);

}  // namespace libcopyfile::target
