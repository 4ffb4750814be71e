// Goes through the source ahead of the copy, to know how much there is: for a progress line that tells what is left.
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <optional>

#include "sys/thread.h"
#include "tree/tree_counters.h"
#include "tree/tree_job.h"

namespace libcopyfile {

class TreeSurvey {
 public:
  // Counts what is in `roots`, in a thread of its own; all that is passed outlives it. Without the thread nothing is counted.
  TreeSurvey(const System& system, const std::vector<TreeRoot>& roots, const TreeOptions& options);
  // Ends it, wherever it is.
  ~TreeSurvey();

 private:
  void run();
  bool somebody_asks();
  void directory(Fd fd, const std::string& inside, int depth);
  bool left_out(const std::string& inside, const Entry& entry) const;

  const System& system_;
  const std::vector<TreeRoot>& roots_;
  const TreeOptions& options_;
  std::atomic<bool> stop_{false};
  std::mutex mutex_;
  std::condition_variable stopped_;
  std::optional<Thread> thread_;
};

}  // namespace libcopyfile
