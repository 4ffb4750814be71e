#include "facts/read_unit_facts.h"

#include <algorithm>

#include "facts/read_scsi_unit.h"
#include "facts/unit_facts.h"
#include "sys/devices.h"

namespace libcopyfile {
namespace {

// Whether a name of the unit, not one of a port or of the vendor's own making, is the other's too.
bool share_a_name(const ScsiUnit& a, const ScsiUnit& b) {
  return std::any_of(a.designators.begin(), a.designators.end(), [&](const wire::Designator& d) {
    const bool certain = d.association == 0 && (d.type == wire::DesignatorType::naa ||
                                                d.type == wire::DesignatorType::eui64);
    return certain &&
           std::find(b.designators.begin(), b.designators.end(), d) != b.designators.end();
  });
}

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
    if (!in->scsi) return no("the source is " + in->why_not);
    if (!out->scsi) return no("the destination is " + out->why_not);
    if (in->zoned || out->zoned) return no("a zoned disk is written in order only");
    Result<std::unique_ptr<ScsiQueue>> queue = devices->scsi_queue(in_, out_);
    if (!queue) return no("SCSI commands can't be sent", queue.error().code);
    UnitFacts units;
    for (const Unit unit : {Unit::source, Unit::destination}) {
      Result<ScsiUnit> read = read_scsi_unit(**queue, unit);
      if (!read) return no("the disk can't be asked: " + read.error().where, read.error().code);
      (unit == Unit::source ? units.in : units.out) = std::move(*read);
    }
    units.in_start = in->start;
    units.out_start = out->start;
    units.same_disk = in->disk == out->disk;
    if (!units.same_disk && share_a_name(units.in, units.out)) {
      return no(
          "both disks have one name: two paths to one disk, or one that is not to be trusted");
    }
    if (beyond(facts_.in, units.in_start, units.in) ||
        beyond(facts_.out, units.out_start, units.out)) {
      return no("the kernel and the disk do not agree on its size");
    }
    units.granularity = copy_granularity(units.in, units.out);
    return units;
  }

 private:
  static tl::unexpected<Error> no(std::string reason, int code = EOPNOTSUPP) {
    return fail(code, Op::offload, std::move(reason));
  }
  static bool beyond(const SideFacts& side, uint64_t start, const ScsiUnit& unit) {
    return start > unit.size() || side.size > unit.size() - start;
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
