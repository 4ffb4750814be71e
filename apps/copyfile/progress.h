// The progress line of one job: on a terminal after one second, or at once with --progress. Trees have tree_progress.h.
#pragma once

#include <cstdint>
#include <string>

#include "copyfile/live_line.h"
#include "engine/job_control.h"

namespace libcopyfile::app {

enum class ShowProgress : uint8_t { automatic, always, never };

inline constexpr double kProgressDelay = 1.0;  // seconds before the line appears by itself
inline constexpr double kProgressDrawInterval = 0.1;
inline constexpr double kProgressLogInterval = 1.0;  // between lines where there is no terminal

class ProgressLine {
 public:
  explicit ProgressLine(ShowProgress show);
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  // A file begins.
  void start(const std::string& name);
  void update(const Progress& progress);
  // Takes the line away, so that a message can be printed.
  void clear() { line_.clear(); }

 private:
  static std::string figures(const Progress& progress, double seconds);

  LiveLine line_;
  bool enabled_;
  double delay_;
  std::string name_;
  double started_ = 0;
  double last_ = 0;
};

}  // namespace libcopyfile::app
