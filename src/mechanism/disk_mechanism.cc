#include "mechanism/disk_mechanism.h"

#include <algorithm>

#include "base/fd.h"
#include "facts/unit_facts.h"
#include "sys/devices.h"
#include "sys/transfer.h"

namespace libcopyfile {
namespace {

Moved decline(int code, const char* reason) {
  return {0, Stop::declined, Error{code, Op::offload, reason, {}}, Scope::file, 0};
}

Moved failed(uint64_t bytes, const Error& error) {
  return {bytes, Stop::failed, error, Scope::file, 0};
}

std::vector<CopyRange> shifted(std::span<const CopyRange> ranges, const UnitFacts& facts) {
  std::vector<CopyRange> result(ranges.begin(), ranges.end());
  for (CopyRange& range : result) {
    range.in += facts.in_start;
    range.out += facts.out_start;
  }
  return result;
}

// The kernel keeps writes inside a partition; the storage knows no partitions.
bool fits(const Pair& pair, std::span<const CopyRange> ranges) {
  return std::all_of(ranges.begin(), ranges.end(), [&](const CopyRange& r) {
    return r.in + r.length <= pair.facts.in.size && r.out + r.length <= pair.facts.out.size;
  });
}

bool overlaps(std::span<const CopyRange> ranges) {
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

}  // namespace

Moved DiskMechanism::refused(const Error& error, const char* reason) {
  return decline(error.code, error.code == EBUSY ? reason : "the disk can't be had exclusively");
}

Moved DiskMechanism::move(Pair& pair, std::span<const CopyRange> ranges) const {
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
  Moved moved = copy({*devices, source, out, facts, pair.control}, on_disk);
  // What devices learn of each other is about these two: mounts are those of the nodes in /dev, of all disks.
  moved.scope = Scope::file;
  // What was read of the destination meanwhile, by whoever looks at every disk (udev), may be old.
  if (const Done ok = devices->drop_cache(out); !ok) return failed(moved.bytes, ok.error());
  return moved;
}

}  // namespace libcopyfile
