#include "facts/unit_facts.h"
#include "plan_case.h"
#include "testing/fake_nvme.h"
#include "testing/fake_scsi.h"

namespace libcopyfile::test {

using namespace world;

namespace {

void make_disk(SideFacts& side, uint64_t number) {
  side.kind = side.stat.type = FileType::block_device;
  side.stat.special_device = number;
  side.fs = {};
  side.fs_class = FsClass::unknown;
  side.ours = true;
}

// Two disks of one storage that copies in both ways.
PlanCase disks(std::string name, std::string shows, std::vector<CopyRange> asked) {
  PlanCase c = ranges(std::move(name), std::move(shows), kExt4, kGiB, kGiB, std::move(asked));
  make_disk(c.facts.in, 0x800000000);
  make_disk(c.facts.out, 0x800000010);
  c.layout.reset();
  UnitFacts units;
  units.in = make_fake_disk(1, 8)->unit;
  units.out = make_fake_disk(2, 8)->unit;
  c.facts.units = std::make_shared<const UnitFacts>(units);
  return c;
}

template <class Change>
void change_units(PlanCase& c, Change change) {
  UnitFacts units = *c.facts.units;
  change(units);
  c.facts.units = std::make_shared<const UnitFacts>(units);
}

// Two partitions of an NVMe namespace that can be copied in.
PlanCase nvme(std::string name, std::string shows, std::vector<CopyRange> asked) {
  return with(disks(std::move(name), std::move(shows), std::move(asked)), [](PlanCase& c) {
    change_units(c, [](UnitFacts& units) {
      const NvmeSpace space = make_fake_space(1, 8)->says;
      units.in = units.out = {};
      units.nvme = NvmeSides{space, space, true};
      units.same_disk = true;
      units.in_start = kGiB;
      units.out_start = 3 * kGiB;
    });
  });
}

void use_two_namespaces(PlanCase& c) {
  change_units(c, [](UnitFacts& units) {
    units.nvme->out = make_fake_space(2, 8)->says;
    units.same_disk = false;
  });
}

}  // namespace

std::vector<PlanCase> disk_cases() {
  const CopyRange whole{0, 0, kGiB};
  const CopyRange odd{100, 612, 8 * kMiB};
  return {
      disks("disks", "the storage copies, and nobody else", {whole}),
      disks("disks_odd_ends", "ends that are no whole units pass through the host", {odd}),
      disks("disks_not_together", "what is not aligned together does, too", {{0, 100, 8 * kMiB}}),
      disks("disks_too_little", "two disks are not asked for little", {{0, 0, 512 * kKiB}}),
      with(disks("disks_little_but_must", "unless they have to", {{0, 0, 512 * kKiB}}),
           [](PlanCase& c) { c.request.options.offload = Offload::always; }),
      with(disks("disks_must_and_cannot", "no end may pass through the host", {odd}),
           [](PlanCase& c) { c.request.options.offload = Offload::always; }),
      with(disks("disks_odd_partitions", "disks align from their own beginning", {whole}),
           [](PlanCase& c) {
             change_units(c, [](UnitFacts& units) {
               units.granularity = 4096;
               units.in_start = units.out_start = uint64_t{63} * 512;
             });
           }),
      with(disks("disks_too_small", "behind the end of the destination nothing is asked for",
                 {whole}),
           [](PlanCase& c) { c.facts.out.size = c.facts.out.stat.size = kGiB / 2; }),
      with(disks("disks_never_share", "the storage might share", {whole}),
           [](PlanCase& c) { c.request.options.sharing = Sharing::never; }),
      with(disks("disks_bytes_seen", "a digest wants to see the bytes", {whole}),
           [](PlanCase& c) { c.request.options.bytes_seen = true; }),
      with(disks("disks_declined", "where one way does not work, the other is tried", {whole}),
           [](PlanCase& c) {
             refuse(c, MechanismId::scsi_extended_copy, EOPNOTSUPP,
                    "the device does not have the command");
           }),
      with(disks("disks_refused", "the report says why the storage is not asked", {whole}),
           [](PlanCase& c) {
             c.facts.units.reset();
             c.facts.no_units = {Can::no, "the source is a loop device", EOPNOTSUPP};
           }),
      nvme("nvme", "inside a namespace the controller copies", {whole}),
      nvme("nvme_odd_ends", "ends that are no whole blocks pass through the host", {odd}),
      with(nvme("nvme_two_namespaces", "between two it does not, and the report says why", {whole}),
           use_two_namespaces),
      with(nvme("nvme_two_but_must", "and no byte may pass through the host", {whole}),
           [](PlanCase& c) {
             use_two_namespaces(c);
             c.request.options.offload = Offload::always;
           }),
  };
}

}  // namespace libcopyfile::test
