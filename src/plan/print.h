// Plans as text, one line a fact: what --explain shows and what golden tests compare.
#pragma once

#include <string>

#include "plan/plan.h"

namespace libcopyfile {

struct PrintLimits {
  size_t ranges = 4;  // of a step; the rest is counted
};

std::string to_text(const Plan& plan, const PrintLimits& limits = {});
// "used: reason", "no: reason (error)", "unknown: reason" for every mechanism, one line each.
std::string to_text(const PerMechanism<Verdict>& verdicts);

}  // namespace libcopyfile
