#include "engine/digest_tap.h"

namespace libcopyfile {

bool DigestTap::follow(const Plan& plan) {
  RangeSet all;
  uint64_t end = planned_to_;
  uint64_t last_seen = 0;
  for (const Step& step : plan.steps) {
    if (step.mechanism != MechanismId::zero && step.mechanism != MechanismId::buffered)
      return false;
    for (const CopyRange& r : step.ranges) {
      const Range source = r.source();
      // What was planned before, and is again, may have been hashed as something else.
      if (source.begin < planned_to_) return false;
      if (step.mechanism == MechanismId::buffered) {
        if (source.begin < last_seen) return false;
        last_seen = source.end;
      }
      all.add(source);
      end = std::max(end, source.end);
    }
  }
  if (all.end_of_run(planned_to_) < end) return false;
  for (const Step& step : plan.steps) {
    if (step.mechanism != MechanismId::zero) continue;
    for (const CopyRange& r : step.ranges) hasher_.expect_zeros(r.source());
  }
  planned_to_ = end;
  return true;
}

}  // namespace libcopyfile
