// Ranges between two open files: what copyfile() and copyfilev() are.
#pragma once

#include <span>

#include "engine/data_copy.h"

namespace libcopyfile {

struct RangeJob {
  int in = -1;
  int out = -1;
  bool ours = false;         // see SideFacts::ours; for both
  bool out_claimed = false;  // see claim_device()
  bool streams =
      false;  // pipes, terminals and character devices are allowed; their ranges begin at 0
  std::span<const CopyRange> ranges;
  DataOptions data;
  ControlOptions control;
  bool keep_plans = false;
};

struct RangeReport {
  uint64_t size = 0;  // asked for
  Facts facts;
  DataOutcome data;
};

// A block device that is to be written to is had by nobody else meanwhile: a descriptor of it for the place of `out`. EBUSY where
// it is mounted, swapped to or part of another device; none (not valid()) where the kernel can't tell.
Result<Fd> claim_device(Files& files, const Fd& out);

// The error, if any, is in report.data.error too; bytes may have been copied nevertheless (report.data.copied).
Done copy_ranges(Files& files, const Catalogue& catalogue, Learned* learned, const RangeJob& job,
                 RangeReport& report);

// Only the plan.
Result<Plan> plan_ranges(Files& files, const Catalogue& catalogue, Learned* learned,
                         const RangeJob& job, RangeReport& report);

}  // namespace libcopyfile
