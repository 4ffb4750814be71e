// Copies by NVMe between two disks that are open.
#include "facts/unit_facts.h"
#include "mechanism/disk_mechanism.h"
#include "mechanism/nvme_copy.h"
#include "sys/devices.h"

namespace libcopyfile {
namespace {

class NvmeDisk final : public DiskMechanism {
 public:
  MechanismId id() const override { return MechanismId::nvme_copy; }

  Verdict can(const Facts& facts) const override {
    if (!facts.units) return facts.no_units;
    // Others' disks: nothing to be said of them.
    if (!facts.units->nvme) return {Can::no, "", 0};
    const auto limits = negotiate_nvme_copy(*facts.units->nvme, facts.units->same_disk);
    if (!limits) return limits.error();
    return {Can::unknown, "up to " + bytes_text(limits->command_bytes) + " a command, in up to " +
                              std::to_string(limits->ranges) + " ranges of up to " +
                              bytes_text(limits->range_bytes) + " to one place, in blocks of " +
                              bytes_text(limits->block)};
  }

 private:
  Moved copy(const DiskPair& pair, std::span<const CopyRange> ranges) const override {
    Result<std::unique_ptr<NvmeQueue>> queue = pair.devices.nvme_queue(pair.in, pair.out);
    if (!queue) return refused(queue.error(), "NVMe commands can't be sent");
    WorkingWatch watch(pair.control);
    NvmePair spaces{**queue, *pair.facts.nvme, pair.facts.same_disk, pair.control, &watch};
    return copy_by_nvme(spaces, ranges);
  }
};

}  // namespace

std::unique_ptr<Mechanism> make_disk_nvme_copy() { return std::make_unique<NvmeDisk>(); }

}  // namespace libcopyfile
