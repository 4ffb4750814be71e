#include "copyfile/tree_progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>

#include "copyfile/report.h"
#include "copyfile/sizes.h"
#include "sys/system_info.h"

namespace libcopyfile::app {
namespace {

constexpr double kRateSpan = 10.0;  // seconds
// What making a file costs, in bytes copied meanwhile: 50 microseconds at 1 GiB/s. Without it, the time that is left
// would be nothing while a million empty files are still to come.
constexpr double kFileInBytes = 48 << 10;

double work_of(uint64_t files, uint64_t bytes) {
  return static_cast<double>(files) * kFileInBytes + static_cast<double>(bytes);
}

// Nobody reads of progress what a buffer keeps until the end.
void tell(const TreeCounters::Now& now, const std::string& name) {
  nlohmann::ordered_json object{{"event", "progress"},    {"files_done", now.files_done},
                                {"files_total", nullptr}, {"bytes_done", now.bytes_done},
                                {"bytes_total", nullptr}, {"source", nullptr}};
  if (!name.empty()) object["source"] = name;
  if (now.all_seen) {
    object["files_total"] = now.files_seen;
    object["bytes_total"] = now.bytes_seen;
  }
  print_json_line(object);
  std::fflush(stdout);
}

}  // namespace

std::string TreeFigures::text(const TreeCounters::Now& now, double seconds) {
  while (samples_.size() > 1 && seconds - samples_[1].seconds >= kRateSpan) samples_.pop_front();
  const Sample& before = samples_.front();
  const double span = seconds - before.seconds;
  const auto per_second = [span](double amount) { return span > 0 ? amount / span : 0.0; };

  std::string text = format_size(now.bytes_done);
  const double all = work_of(now.files_seen, now.bytes_seen);
  const double done = work_of(now.files_done, now.bytes_done);
  if (now.all_seen) {
    text += fmt::format(" of {}", format_size(now.bytes_seen));
    if (all > 0) text += fmt::format("  {:.0f}%", 100 * std::min(done / all, 1.0));
  }
  if (now.files_seen > 1) {
    text += now.all_seen
                ? fmt::format("  {} of {} files", now.files_done, now.files_seen)
                : fmt::format("  {} file{}", now.files_done, now.files_done == 1 ? "" : "s");
  }
  const double bytes_rate = per_second(static_cast<double>(now.bytes_done - before.now.bytes_done));
  if (bytes_rate >= 1)
    text += fmt::format("  {}/s", format_size(static_cast<uint64_t>(bytes_rate)));
  const double rate = per_second(done - work_of(before.now.files_done, before.now.bytes_done));
  if (now.all_seen && all > done && rate > 0) {
    text += fmt::format("  {} left", duration_text((all - done) / rate));
  }
  samples_.push_back({seconds, now});
  return text;
}

TreeProgress::TreeProgress(ShowProgress show, ProgressForm form)
    : events_(form == ProgressForm::events),
      enabled_(show == ShowProgress::always ||
               (show == ShowProgress::automatic && is_drawn_over())),
      delay_(show == ShowProgress::always ? 0.0 : kProgressDelay) {
  if (show == ShowProgress::always) counters_.ask_for_total();
}

void TreeProgress::start() {
  if (!enabled_ || thread_) return;
  figures_.emplace(monotonic_seconds());
  stopping_ = drawn_ = false;
  // A machine that has no thread left for a progress line has none.
  Result<Thread> thread = Thread::start([this] { run(); });
  if (thread) thread_.emplace(std::move(*thread));
}

void TreeProgress::run() {
  const double interval = is_drawn_over() ? kProgressDrawInterval : kProgressLogInterval;
  double wait = std::max(delay_, kProgressDrawInterval);
  std::unique_lock lock(mutex_);
  while (
      !changed_.wait_for(lock, std::chrono::duration<double>(wait), [this] { return stopping_; })) {
    draw(monotonic_seconds());
    wait = interval;
  }
}

void TreeProgress::draw(double now) {
  const TreeCounters::Now counted = counters_.now();
  const std::string name = counters_.take_name();
  if (events_) {
    tell(counted, name);
  } else {
    line_.show(figures_->text(counted, now), name);
  }
  drawn_ = true;
}

void TreeProgress::stop() {
  if (!thread_) return;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.reset();
  // A log wants the totals, and a copy that was too quick for any line was asked for one by --progress.
  if (!is_drawn_over() && (drawn_ || delay_ == 0)) draw(monotonic_seconds());
  line_.clear();
}

}  // namespace libcopyfile::app
