// Copies the bytes of one pair of files: plan, run, and where a mechanism declines, plan again from what is in place.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/range_set.h"
#include "engine/digest_tap.h"
#include "engine/job_control.h"
#include "engine/learned.h"
#include "mechanism/mechanism.h"
#include "plan/plan.h"

namespace libcopyfile {

// A mechanism that was planned and then declined.
struct Declined {
  MechanismId mechanism = MechanismId::buffered;
  uint64_t after_bytes = 0;
  Verdict verdict;
};

struct DataOutcome {
  uint64_t copied = 0;
  PerMechanism<uint64_t> bytes_by{};
  uint64_t holes = 0;       // of copied: not stored
  RangeSet done;            // destinations in place
  std::vector<Plan> plans;  // the first and, after each declined mechanism, the next
  std::vector<Declined> declined;
  bool end_of_source = false;  // it ended before the ranges did
  bool cancelled = false;
  std::optional<Error> error;
  double planning_seconds = 0;
};

struct DataJob {
  Files& files;
  const Catalogue& catalogue;
  int in = -1;
  int out = -1;
  Facts facts;
  PlanRequest request;
  Learned* learned = nullptr;  // may be absent
  JobControl& control;
  bool keep_plans = false;   // for reports; a plan of a million ranges is not small
  DigestTap* tap = nullptr;  // may be absent
};

// Extends a regular destination that ends in a hole to its size. Bytes that are counted are in place, whatever the outcome.
DataOutcome copy_data(DataJob& job);

// Only the first plan: what copy_data would begin with.
Result<Plan> plan_data(DataJob& job);

}  // namespace libcopyfile
