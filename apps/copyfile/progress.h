// The progress line: on a terminal after one second, or at once with --progress.
#pragma once

#include <cstdint>
#include <string>

#include "engine/job_control.h"

namespace libcopyfile::app {

enum class ShowProgress : uint8_t { automatic, always, never };

class ProgressLine {
 public:
  explicit ProgressLine(ShowProgress show);
  ~ProgressLine();
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  // A file begins.
  void start(const std::string& name);
  void update(const Progress& progress);
  // Takes the line away, so that a message can be printed.
  void clear();

 private:
  std::string text(const Progress& progress, double seconds) const;

  bool enabled_;
  bool on_terminal_;
  double delay_;
  std::string name_;
  double started_ = 0;
  double last_ = 0;
  bool shown_ = false;
};

}  // namespace libcopyfile::app
