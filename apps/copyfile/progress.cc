#include "copyfile/progress.h"

#include <fmt/format.h>

#include "copyfile/sizes.h"
#include "sys/system_info.h"

namespace libcopyfile::app {

ProgressLine::ProgressLine(ShowProgress show)
    : enabled_(show == ShowProgress::always ||
               (show == ShowProgress::automatic && line_.on_terminal())),
      delay_(show == ShowProgress::always ? 0.0 : kProgressDelay) {}

void ProgressLine::start(const std::string& name) {
  if (!enabled_) return;
  name_ = name;
  started_ = last_ = monotonic_seconds();
}

void ProgressLine::update(const Progress& progress) {
  if (!enabled_) return;
  const double now = monotonic_seconds();
  if (now - started_ < delay_) return;
  // A job that is held to a rate tells after each piece.
  const double interval = line_.on_terminal() ? kProgressDrawInterval : kProgressLogInterval;
  if (progress.copied != progress.total && now - last_ < interval) return;
  last_ = now;
  line_.show(figures(progress, now - started_), name_);
}

// Holes and shared bytes come in milliseconds: the rate, and the time that is left, are those of what is read and written.
std::string ProgressLine::figures(const Progress& p, double seconds) {
  const double rate = seconds > 0 ? static_cast<double>(p.moved) / seconds : 0;
  std::string text = format_size(p.copied);
  if (p.total > 0) {
    const double part = static_cast<double>(p.copied) / static_cast<double>(p.total);
    text += fmt::format(" of {}  {:.0f}%", format_size(p.total), 100 * part);
  }
  if (rate > 0) text += fmt::format("  {}/s", format_size(static_cast<uint64_t>(rate)));
  if (p.to_move > p.moved && rate > 0) {
    text +=
        fmt::format("  {} left", duration_text(static_cast<double>(p.to_move - p.moved) / rate));
  }
  return text;
}

}  // namespace libcopyfile::app
