// The progress line of trees: bytes, files, rate, and the time that is left where the walk is at its end. A thread of its own
// draws it ten times a second, from counters that the workers keep; without anything to show there is neither. Programs that
// read --json get it as an event a second, where --progress asks for it.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <string>

#include "copyfile/progress.h"
#include "sys/thread.h"
#include "tree/tree_counters.h"

namespace libcopyfile::app {

// What the line says, and how it knows the rate: over the last ten seconds, not since the beginning.
class TreeFigures {
 public:
  // `seconds`: on a clock that never goes back.
  explicit TreeFigures(double seconds) : samples_{{seconds, {}}} {}
  std::string text(const TreeCounters::Now& now, double seconds);

 private:
  struct Sample {
    double seconds;
    TreeCounters::Now now;
  };
  std::deque<Sample> samples_;
};

enum class ProgressForm : uint8_t { line, events };

class TreeProgress {
 public:
  explicit TreeProgress(ShowProgress show, ProgressForm form = ProgressForm::line);
  ~TreeProgress() { stop(); }
  TreeProgress(const TreeProgress&) = delete;
  TreeProgress& operator=(const TreeProgress&) = delete;

  // For the copy to count in; none where nothing is shown.
  TreeCounters* counters() { return enabled_ ? &counters_ : nullptr; }
  void start();
  // Takes the line away; where there is no terminal, prints the last one.
  void stop();

  // Takes the line away and keeps it away while it lives, so that messages can be printed, or questions asked, by any thread.
  class Pause {
   public:
    explicit Pause(TreeProgress& progress) : lock_(progress.mutex_) { progress.line_.clear(); }

   private:
    std::unique_lock<std::mutex> lock_;
  };

 private:
  void run();
  void draw(double now);
  bool is_drawn_over() const { return !events_ && line_.on_terminal(); }

  TreeCounters counters_;
  std::mutex mutex_;  // of all below, and of the terminal
  std::condition_variable changed_;
  LiveLine line_;
  const bool events_;
  bool enabled_;
  double delay_;
  bool stopping_ = false;
  bool drawn_ = false;
  std::optional<TreeFigures> figures_;
  std::optional<Thread> thread_;
};

}  // namespace libcopyfile::app
