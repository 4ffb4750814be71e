#include "facts/read_unit_facts.h"

#include <algorithm>

#include "facts/read_nvme_space.h"
#include "facts/read_scsi_unit.h"
#include "facts/unit_facts.h"
#include "sys/devices.h"

namespace libcopyfile {
namespace {

class Reader {
 public:
  Reader(Files& files, int in, int out, const Facts& facts)
      : files_(files), in_(in), out_(out), facts_(facts) {}

  Result<UnitFacts> read() {
    Devices* devices = files_.devices();
    if (devices == nullptr) return no("disks are not known here");
    const Result<DiskNode> in = devices->disk(in_);
    const Result<DiskNode> out = devices->disk(out_);
    if (!in || !out) return no("what the devices are is not known");
    if (in->kind == DiskKind::other) return no("the source is " + in->why_not);
    if (out->kind == DiskKind::other) return no("the destination is " + out->why_not);
    if (in->kind != out->kind) return no("one is a SCSI disk, the other an NVMe disk");
    if (in->zoned || out->zoned) return no("a zoned disk is written in order only");
    UnitFacts units;
    units.in_start = in->start;
    units.out_start = out->start;
    units.same_disk = in->disk == out->disk;
    const bool scsi = in->kind == DiskKind::scsi;
    if (Done ok = scsi ? ask_scsi(*devices, units) : ask_nvme(*devices, units); !ok) {
      return fail(ok.error());
    }
    if (units.nvme) units.nvme->same_controller = in->controller == out->controller;
    return units;
  }

 private:
  Done ask_scsi(Devices& devices, UnitFacts& units) {
    Result<std::unique_ptr<ScsiQueue>> queue = devices.scsi_queue(in_, out_);
    if (!queue) {
      const Error& e = queue.error();
      return no(e.where.empty() ? "SCSI commands can't be sent" : e.where, e.code);
    }
    for (const Unit unit : {Unit::source, Unit::destination}) {
      Result<ScsiUnit> read = read_scsi_unit(**queue, unit);
      if (!read) return unanswered(read.error());
      (unit == Unit::source ? units.in : units.out) = std::move(*read);
    }
    if (!units.same_disk && share_a_name(units.in, units.out)) {
      return no(
          "both disks have one name: two paths to one disk, or one that is not to be trusted");
    }
    units.granularity = copy_granularity(units.in, units.out);
    return within(units.in.size(), units.out.size(), units);
  }

  Done ask_nvme(Devices& devices, UnitFacts& units) {
    const Result<NvmeSpace> in = read_nvme_space(devices, in_);
    if (!in) return unanswered(in.error());
    const Result<NvmeSpace> out = read_nvme_space(devices, out_);
    if (!out) return unanswered(out.error());
    units.nvme = NvmeSides{*in, *out};
    units.granularity = out->space.block_length;
    return within(in->size(), out->size(), units);
  }

  // What the kernel takes for the disks has to be in them.
  Done within(uint64_t in_size, uint64_t out_size, const UnitFacts& units) const {
    const bool in_fits = units.in_start <= in_size && facts_.in.size <= in_size - units.in_start;
    const bool out_fits =
        units.out_start <= out_size && facts_.out.size <= out_size - units.out_start;
    if (!in_fits || !out_fits) return no("the kernel and the disk do not agree on its size");
    return {};
  }

  static tl::unexpected<Error> no(std::string reason, int code = EOPNOTSUPP) {
    return fail(code, Op::offload, std::move(reason));
  }
  static tl::unexpected<Error> unanswered(const Error& error) {
    return no("the disk can't be asked: " + error.where, error.code);
  }

  Files& files_;
  int in_, out_;
  const Facts& facts_;
};

}  // namespace

void read_unit_facts(Files& files, int in, int out, bool out_claimed, Facts& facts) {
  if (facts.in.kind != FileType::block_device || facts.out.kind != FileType::block_device) return;
  Result<UnitFacts> units = Reader(files, in, out, facts).read();
  if (units) {
    units->out_claimed = out_claimed;
    facts.units = std::make_shared<const UnitFacts>(std::move(*units));
  } else {
    facts.no_units = {Can::no, units.error().where, units.error().code};
  }
}

}  // namespace libcopyfile
