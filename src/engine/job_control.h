// Progress, rate and cancelling of one job.
#pragma once

#include <functional>

#include "mechanism/mechanism.h"

namespace libcopyfile {

struct Progress {
  uint64_t copied = 0;   // in place
  uint64_t total = 0;    // 0: not known
  uint64_t moved = 0;    // of copied: read and written, neither shared nor left out
  uint64_t to_move = 0;  // of total, as planned; 0: not known, or nothing
};

struct ControlOptions {
  // Called about ten times a second from the thread that runs the job, and once at the end of its data; false cancels.
  std::function<bool(const Progress& progress)> progress;
  uint64_t rate = 0;  // bytes a second at most, 0 = no limit
};

class JobControl final : public Control {
 public:
  // The options outlive the control.
  JobControl(const ControlOptions& options, uint64_t total);
  bool moved(uint64_t bytes) override;
  bool working(uint64_t bytes) override;
  uint64_t chunk() const override {
    if (!moves_data_) return kSharedChunk;
    return options_.rate > 0 ? chunk_ : kChunk;
  }
  // What comes now moves data, or shares it and leaves it out: that counts for no rate, and GiBs of it take milliseconds.
  void begin_step(bool moves_data) { moves_data_ = moves_data; }
  // How many bytes the steps to come move; 0: not known.
  void expect(uint64_t bytes_to_move) {
    now_.to_move = bytes_to_move == 0 ? 0 : now_.moved + bytes_to_move;
  }
  // The last call of progress.
  bool finish();
  uint64_t copied() const { return now_.copied; }

 private:
  // No call into the kernel can be interrupted: this is what a ^C may have to wait for.
  static constexpr uint64_t kChunk = uint64_t{256} << 20;
  static constexpr uint64_t kSharedChunk = uint64_t{4} << 30;

  void wait_for_rate();
  bool report() { return report(now_); }
  bool report(const Progress& progress);

  const ControlOptions& options_;
  Progress now_;
  uint64_t chunk_;
  bool moves_data_ = true;
  double started_ = 0;
  double reported_ = 0;
  bool cancelled_ = false;
};

}  // namespace libcopyfile
