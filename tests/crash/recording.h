// One run of a workload: what the disk held before it, and everything that it was asked from then on.
#pragma once

#include <string>
#include <vector>

#include "history.h"
#include "testing/crash_image.h"
#include "workload.h"

namespace libcopyfile::test {

struct Recording {
  Job job;
  Fd before;  // the disk before the first step
  Fd log_file;
  Mapping log;
  std::vector<BlockEvent> events;  // up to the end of the last step
  std::vector<Moment>
      moments;  // where the workload was just before events[i]; one more for the end

  // Kept for another look at a violation, or read again. Throws ScratchError.
  void save(const std::string& directory) const;
  static Recording load(const Job& job, const std::string& directory);

 private:
  friend Recording record(const Job& job, const Workload& workload);
  void read_log();
};

// Throws ScratchError.
Recording record(const Job& job, const Workload& workload);

}  // namespace libcopyfile::test
