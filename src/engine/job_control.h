// Progress, rate and cancelling of one job.
#pragma once

#include <functional>

#include "mechanism/mechanism.h"

namespace libcopyfile {

struct ControlOptions {
  // Called about ten times a second from the thread that runs the job, and once at the end of its data; false cancels.
  std::function<bool(uint64_t copied, uint64_t total)> progress;
  uint64_t rate = 0;  // bytes a second at most, 0 = no limit
};

class JobControl final : public Control {
 public:
  // The options outlive the control.
  JobControl(const ControlOptions& options, uint64_t total);
  bool moved(uint64_t bytes) override;
  uint64_t chunk() const override {
    if (!moves_data_) return kSharedChunk;
    return options_.rate > 0 ? chunk_ : kChunk;
  }
  // What comes now moves data, or shares it and leaves it out: that counts for no rate, and GiBs of it take milliseconds.
  void begin_step(bool moves_data) { moves_data_ = moves_data; }
  // The last call of progress.
  bool finish();
  uint64_t copied() const { return copied_; }

 private:
  // No call into the kernel can be interrupted: this is what a ^C may have to wait for.
  static constexpr uint64_t kChunk = uint64_t{256} << 20;
  static constexpr uint64_t kSharedChunk = uint64_t{4} << 30;

  void wait_for_rate();
  bool report();

  const ControlOptions& options_;
  uint64_t total_;
  uint64_t chunk_;
  uint64_t copied_ = 0;
  uint64_t limited_bytes_ = 0;  // of copied_
  bool moves_data_ = true;
  double started_ = 0;
  double reported_ = 0;
  bool cancelled_ = false;
};

}  // namespace libcopyfile
