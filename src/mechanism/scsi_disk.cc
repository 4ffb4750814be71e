// Copies by SCSI between two disks that are open.
#include "facts/unit_facts.h"
#include "mechanism/disk_mechanism.h"
#include "mechanism/scsi_limits.h"
#include "mechanism/scsi_mechanism.h"
#include "mechanism/vetted_queue.h"
#include "sys/devices.h"

namespace libcopyfile {
namespace {

class ScsiDisk final : public DiskMechanism {
 public:
  ScsiDisk(MechanismId id, std::unique_ptr<UnitMechanism> units)
      : id_(id), units_(std::move(units)) {}

  MechanismId id() const override { return id_; }

  Verdict can(const Facts& facts) const override {
    if (!facts.units) return facts.no_units;
    // Others' disks: nothing to be said of them.
    if (facts.units->nvme) return {Can::no, "", 0};
    if (!facts.units->same_disk &&
        copy_designator(facts.units->in) == copy_designator(facts.units->out)) {
      return {Can::no, "the storage could not tell the two disks apart", ENOTUNIQ};
    }
    return units_->can(facts.units->in, facts.units->out);
  }

 private:
  Moved copy(const DiskPair& pair, std::span<const CopyRange> ranges) const override {
    Result<std::unique_ptr<ScsiQueue>> queue = pair.devices.scsi_queue(pair.in, pair.out);
    if (!queue) return refused(queue.error(), "SCSI commands can't be sent");
    WorkingWatch watch(pair.control);
    VettedQueue vetted(**queue, pair.facts.in, pair.facts.out);
    UnitPair units{vetted, pair.facts.in, pair.facts.out, pair.control, &watch};
    return units_->move(units, ranges);
  }

  MechanismId id_;
  std::unique_ptr<UnitMechanism> units_;
};

}  // namespace

std::unique_ptr<Mechanism> make_disk_extended_copy() {
  return std::make_unique<ScsiDisk>(MechanismId::scsi_extended_copy, make_scsi_extended_copy());
}

std::unique_ptr<Mechanism> make_disk_token() {
  return std::make_unique<ScsiDisk>(MechanismId::scsi_token, make_scsi_token());
}

}  // namespace libcopyfile
