// The plan: what will be done with which bytes, and why not otherwise. Data, and printable. make_plan is a pure function:
// the same facts, extents and options give the same plan, on any machine (golden tests hold it to that).
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/range.h"
#include "extents/extents.h"
#include "facts/facts.h"
#include "facts/manner.h"
#include "plan/options.h"

namespace libcopyfile {

struct Step {
  MechanismId mechanism = MechanismId::buffered;
  Manner manner;
  std::vector<CopyRange> ranges;  // in the order of the destination
  uint64_t bytes = 0;
  std::string reason;  // why this mechanism for these bytes
  bool moves_data =
      true;  // false: shared or left out, so that a rate limit has nothing to say to it
};

struct Plan {
  std::vector<Step> steps;
  // For every mechanism: used, or the reason why not.
  PerMechanism<Verdict> verdicts;
  std::vector<std::string> notes;
  uint64_t ranges_asked = 0;  // before coalescing
  uint64_t ranges_planned = 0;
  uint64_t bytes = 0;  // of all steps
  // Where the last step ends: a regular destination is at least this long afterwards, also if it ends in a hole.
  uint64_t out_size = 0;
  bool short_source = false;  // ranges reach past the end of the source: those bytes are in no step
};

struct PlanRequest {
  std::vector<CopyRange> ranges;  // as validate_ranges() gives them
  uint64_t ranges_asked = 0;      // how many they were before
  bool whole_file = false;        // they are [0, size) to 0 of a new file
  DataOptions options;
};

// Whether this request is worth finding out more than which files they are: false for a few KiB with no special wishes, of
// which programs copy 100,000 a second, and where every question would cost as much as the copy.
bool needs_full_facts(std::span<const CopyRange> ranges, const DataOptions& options);

// Whether it matters how much of the source is in the page cache.
bool needs_cached(const DataOptions& options);

// Whether make_plan wants the source's extents for this request: they cost system calls, and a whole-file clone does
// without them.
bool needs_extents(const Facts& facts, const PerMechanism<Verdict>& verdicts,
                   const PlanRequest& request);

// EOPNOTSUPP, EXDEV or EINVAL where what must be true (options) can't be, before anything is written.
Result<Plan> make_plan(const Facts& facts, const PerMechanism<Verdict>& verdicts,
                       const ExtentMap* extents, const PlanRequest& request);

}  // namespace libcopyfile
