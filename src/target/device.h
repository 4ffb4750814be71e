// The SCSI target device: units, who sees which, task sets, and the threads that work for them. Front ends talk to this alone.
#pragma once

#include <map>
#include <memory>
#include <shared_mutex>
#include <string>
#include <vector>

#include "target/copy_manager.h"
#include "target/executor.h"
#include "target/logical_unit.h"
#include "target/task.h"

namespace libcopyfile::target {

// LUN to unit, as one initiator sees them. LUN 0 to 255 (peripheral addressing) and on to 16383 (flat).
using LunMap = std::map<uint16_t, std::shared_ptr<LogicalUnit>>;
// Which units an initiator may see; changes with the configuration. Any thread; must not call the device back, nor wait for a lock
// that somebody holds who does (open_nexus, close_nexus, lun_maps_changed).
using LunMapOf = std::function<LunMap(const std::string& initiator)>;

struct DeviceOptions {
  std::string name;  // SCSI device name: the iSCSI name of the target
  std::string vendor = "COPYFILE";
  std::string product = "VIRTUAL-DISK";  // the same for all units: ESXi copies between no others
  std::string revision = "0001";
  unsigned io_threads = 4;
  unsigned copy_threads = 2;
  CopyLimits copy;
};

// Any thread at any time. Outlives its front ends.
class Device {
 public:
  static Result<std::unique_ptr<Device>> create(DeviceOptions options, LunMapOf lun_map);
  // Refuses new tasks, ends copies, waits for what is under way.
  ~Device();

  const DeviceOptions& options() const;

  // A nexus begins: power-on unit attention 6/29/00 on its units. `nexus.id` is given by the front end's caller through next_nexus().
  static NexusId next_nexus();
  void open_nexus(const Nexus& nexus);
  void close_nexus(NexusId nexus, NexusLoss why);
  std::optional<Nexus> nexus(NexusId id) const;

  // Carries out; task->done is called once. Never blocks for a disk.
  void submit(TaskPtr task);
  // Calls `done` once when what it asks for has happened: aborted tasks have had their done(). From this thread or, later, another.
  // Resets of the target concern the units that this nexus sees, and no others.
  void manage(Management function, NexusId nexus, uint64_t lun, uint64_t tag,
              std::function<void(ManagementResult)> done);

  // Units as this nexus sees them; for REPORT LUNS, and for the copy manager, which resolves nothing else (CVE-2020-28374).
  LunMap units_of(NexusId nexus) const;
  std::shared_ptr<LogicalUnit> unit_of(NexusId nexus, uint64_t lun) const;
  // After the LUN maps changed: 6/3F/0E (REPORTED LUNS DATA HAS CHANGED) for those concerned.
  void lun_maps_changed();
  // After the size of an image changed: 6/2A/09.
  void capacity_changed(LogicalUnit& unit);

  CopyManager& copies();
  Executor& executor();

 private:
  class State;
  explicit Device(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// SAM-5 4.7: eight bytes of a LUN to its number and back; nothing for what no unit of ours can have.
std::optional<uint16_t> lun_number(uint64_t lun);
uint64_t lun_field(uint16_t number);

}  // namespace libcopyfile::target
