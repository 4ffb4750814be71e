#include "mechanism/source_writeback.h"

#include <algorithm>

#include "sys/system_info.h"

namespace libcopyfile {
namespace {

// Less is written back in a millisecond or two under the lock, too.
constexpr uint64_t kWorthIt = uint64_t{1} << 20;
// What a ^C may have to wait for.
constexpr uint64_t kStep = uint64_t{64} << 20;
constexpr uint64_t kMostSteps = 64;
// A writer that dirties pages faster than the storage takes them is not waited for.
constexpr int kMostPasses = 4;
constexpr double kShortPass = 0.020;  // seconds

Range hull(std::span<const CopyRange> ranges) {
  Range all = ranges.front().source();
  for (const CopyRange& r : ranges) {
    all.begin = std::min(all.begin, r.in);
    all.end = std::max(all.end, r.in + r.length);
  }
  return all;
}

// The next step is on its way to the storage while this one is waited for.
bool write_back_once(Pair& pair, Range range, uint64_t step) {
  (void)pair.files.start_writeback(pair.in, {range.begin, std::min(range.end, range.begin + step)});
  for (uint64_t at = range.begin; at < range.end;) {
    const uint64_t end = std::min(range.end, at + step);
    if (end < range.end) {
      (void)pair.files.start_writeback(pair.in, {end, std::min(range.end, end + step)});
    }
    // What this is told of lost data, nobody is told again who syncs by this descriptor (errseq): it must be ours.
    if (pair.facts.in.ours) (void)pair.files.wait_writeback(pair.in, {at, end});
    if (!pair.control.moved(0)) return false;
    at = end;
  }
  return true;
}

}  // namespace

bool write_back_source(Pair& pair, std::span<const CopyRange> ranges) {
  if (ranges.empty() || total_length(ranges) < kWorthIt) return true;
  const Range range = hull(ranges);
  const uint64_t step = std::max(kStep, range.length() / kMostSteps);
  double last = 0;
  for (int pass = 0; pass < kMostPasses; ++pass) {
    const double started = monotonic_seconds();
    if (!write_back_once(pair, range, step)) return false;
    const double took = monotonic_seconds() - started;
    if (took < kShortPass || (pass > 0 && took > last / 2)) return true;
    last = took;
  }
  return true;
}

}  // namespace libcopyfile
