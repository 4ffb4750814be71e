// What copying one file to another would use, found out without copying it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/copy_job.h"

namespace libcopyfile {

struct ProbeJob {
  int in_dir = kCurrentDirectory;
  std::string in_path;
  int out_dir = kCurrentDirectory;
  std::string out_path;  // a file that is there or not, or a directory
  // Unless negative: open already, in the place of the paths, and not closed here.
  int in_file = -1;
  int out_file = -1;
  DataOptions data;
  const Learned* learned = nullptr;  // may be absent
};

struct ProbeReport {
  Facts facts;
  PerMechanism<Verdict> verdicts;  // unknown only where trying was impossible (notes say why)
  std::optional<Plan> plan;
  std::optional<Error> refused;  // why there is no plan
  std::vector<std::string> notes;
};

// Mechanisms that only trying can judge move one block into a private file in the destination's directory, which is then
// thrown away. The error's `where` is the path that it is about.
Done probe(const System& system, const Catalogue& catalogue, const ProbeJob& job,
           ProbeReport& report);

}  // namespace libcopyfile
