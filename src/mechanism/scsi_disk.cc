// Copies by the storage between two disks that are open: what stands between a mechanism for logical units and one for
// descriptors. The rules of safety are here: both disks are claimed, so that nobody has them mounted or will meanwhile; what the
// page cache holds of the source is written first, and of the destination forgotten before and after, because the kernel does
// not see what the storage writes.
#include <algorithm>

#include "base/fd.h"
#include "facts/unit_facts.h"
#include "mechanism/scsi_limits.h"
#include "mechanism/scsi_mechanism.h"
#include "sys/devices.h"
#include "sys/transfer.h"

namespace libcopyfile {
namespace {

Moved decline(int code, const char* reason) {
  return {0, Stop::declined, Error{code, Op::offload, reason, {}}, Scope::file, 0};
}

// Asks whether to go on while a command of the storage takes its time.
class Watch final : public ScsiWatch {
 public:
  explicit Watch(Control& control) : control_(control) {}
  bool working(uint64_t) override { return control_.moved(0); }

 private:
  Control& control_;
};

class ScsiDisk final : public Mechanism {
 public:
  ScsiDisk(MechanismId id, std::unique_ptr<UnitMechanism> units)
      : id_(id), units_(std::move(units)) {}

  MechanismId id() const override { return id_; }

  Verdict can(const Facts& facts) const override {
    if (!facts.units) return facts.no_units;
    if (!facts.units->same_disk &&
        copy_designator(facts.units->in) == copy_designator(facts.units->out)) {
      return {Can::no, "the storage could not tell the two disks apart", ENOTUNIQ};
    }
    return units_->can(facts.units->in, facts.units->out);
  }

  Moved move(Pair& pair, std::span<const CopyRange> ranges) const override {
    Devices* devices = pair.files.devices();
    if (devices == nullptr || !pair.facts.units) return decline(EOPNOTSUPP, "no disks");
    const UnitFacts& facts = *pair.facts.units;
    const std::vector<CopyRange> on_disk = shifted(ranges, facts);
    if (!fits(pair, ranges)) return decline(ENOSPC, "the range ends behind the destination");
    if (facts.same_disk && overlaps(on_disk)) {
      return decline(EINVAL, "source and destination overlap on the disk");
    }
    Result<Fd> claimed;
    if (!facts.out_claimed) {
      claimed = devices->claim(pair.out, true);
      if (!claimed) {
        return refused(claimed.error(), "the destination is mounted, or part of another device");
      }
    }
    const int out = facts.out_claimed ? pair.out : claimed->get();
    Result<Fd> in;
    if (!pair.facts.same_file) {
      in = devices->claim(pair.in, false);
      if (!in) return refused(in.error(), "the source is mounted, or part of another device");
    }
    const int source = pair.facts.same_file ? out : in->get();
    const Done written = retry_interrupted([&] { return pair.files.sync(source, Sync::data); });
    if (!written) return failed(0, written.error());
    if (!devices->drop_cache(out)) {
      return decline(EPERM, "the page cache of the destination can't be emptied");
    }
    Result<std::unique_ptr<ScsiQueue>> queue = devices->scsi_queue(source, out);
    if (!queue) return refused(queue.error(), "SCSI commands can't be sent");
    Watch watch(pair.control);
    UnitPair units{**queue, facts.in, facts.out, pair.control, &watch};
    Moved moved = units_->move(units, on_disk);
    // What devices learn of each other is about these two: mounts are those of the nodes in /dev, of all disks.
    moved.scope = Scope::file;
    // What was read of the destination meanwhile, by whoever looks at every disk (udev), may be old.
    if (const Done ok = devices->drop_cache(out); !ok) return failed(moved.bytes, ok.error());
    return moved;
  }

 private:
  static Moved failed(uint64_t bytes, const Error& error) {
    return {bytes, Stop::failed, error, Scope::file, 0};
  }
  static Moved refused(const Error& error, const char* reason) {
    return decline(error.code, error.code == EBUSY ? reason : "the disk can't be had exclusively");
  }

  static std::vector<CopyRange> shifted(std::span<const CopyRange> ranges, const UnitFacts& facts) {
    std::vector<CopyRange> result(ranges.begin(), ranges.end());
    for (CopyRange& range : result) {
      range.in += facts.in_start;
      range.out += facts.out_start;
    }
    return result;
  }

  // The kernel keeps writes inside a partition; the storage knows no partitions.
  static bool fits(const Pair& pair, std::span<const CopyRange> ranges) {
    return std::all_of(ranges.begin(), ranges.end(), [&](const CopyRange& r) {
      return r.in + r.length <= pair.facts.in.size && r.out + r.length <= pair.facts.out.size;
    });
  }

  static bool overlaps(std::span<const CopyRange> ranges) {
    std::vector<Range> written;
    for (const CopyRange& range : ranges) written.push_back(range.destination());
    const auto before = [](const Range& a, const Range& b) { return a.begin < b.begin; };
    std::sort(written.begin(), written.end(), before);
    return std::any_of(ranges.begin(), ranges.end(), [&](const CopyRange& range) {
      const auto next = std::lower_bound(written.begin(), written.end(), range.source(), before);
      return (next != written.end() && next->overlaps(range.source())) ||
             (next != written.begin() && std::prev(next)->overlaps(range.source()));
    });
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
