// Records and explores jobs in two processes at a time, each with its own mount namespace, while the tests wait for the
// result of one after the other.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/fd.h"
#include "explorer.h"

namespace libcopyfile::test {

struct PoolJob {
  Job job;
  ExploreOptions explore;
  std::string replay;  // a directory that Recording::save() wrote; empty: a new recording
  // Where to save the recording of a job that violates a promise; empty: nowhere.
  std::string save_under;
};

class Pool {
 public:
  explicit Pool(std::vector<PoolJob> jobs);
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;
  ~Pool();

  // Waits for it. Throws ScratchError with the job's own error, or where it is not one of the jobs.
  const Findings& result(const std::string& job_name);

 private:
  struct Worker {
    pid_t pid = -1;
    Fd results;
    std::string text;  // the beginning of a line
  };

  void read_results();
  void take_line(const std::string& line);

  std::vector<PoolJob> jobs_;
  std::vector<Worker> workers_;
  std::map<std::string, Findings> results_;
  std::map<std::string, std::string> errors_;
};

}  // namespace libcopyfile::test
