#include "engine/job_control.h"

#include <algorithm>

#include "sys/system_info.h"

namespace libcopyfile {
namespace {

constexpr uint64_t kSmallestChunk = uint64_t{64} << 10;
constexpr double kReportEvery = 0.1;  // seconds

}  // namespace

JobControl::JobControl(const ControlOptions& options, uint64_t total)
    : options_(options), now_{.total = total}, chunk_(kChunk) {
  if (options.rate > 0) chunk_ = std::clamp(options.rate / 10, kSmallestChunk, kChunk);
  if (options.rate > 0 || options.progress) started_ = reported_ = monotonic_seconds();
}

bool JobControl::moved(uint64_t bytes) {
  now_.copied += bytes;
  if (moves_data_) {
    now_.moved += bytes;
    if (options_.rate > 0) wait_for_rate();
  }
  if (!options_.progress) return true;
  // moved(0) asks whether to stop, nothing else.
  if (bytes > 0 && monotonic_seconds() - reported_ < kReportEvery) return !cancelled_;
  return report();
}

bool JobControl::working(uint64_t bytes) {
  if (!options_.progress) return true;
  Progress shown = now_;
  shown.copied += bytes;
  if (moves_data_) shown.moved += bytes;
  return report(shown);
}

bool JobControl::finish() { return !options_.progress || report(); }

// Whoever cancelled is not asked again: the answer may have been given once only.
bool JobControl::report(const Progress& progress) {
  reported_ = monotonic_seconds();
  if (!cancelled_ && !options_.progress(progress)) cancelled_ = true;
  return !cancelled_;
}

void JobControl::wait_for_rate() {
  const double due =
      started_ + static_cast<double>(now_.moved) / static_cast<double>(options_.rate);
  for (double now = monotonic_seconds(); now < due; now = monotonic_seconds()) {
    // In slices, so that cancelling is noticed while a slow copy sleeps.
    sleep_seconds(std::min(due - now, kReportEvery));
    if (options_.progress && !report()) return;
  }
}

}  // namespace libcopyfile
