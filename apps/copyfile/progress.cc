#include "copyfile/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "copyfile/quote.h"
#include "copyfile/sizes.h"
#include "sys/system_info.h"

namespace libcopyfile::app {
namespace {

constexpr double kDelay = 1.0;        // seconds before the line appears by itself
constexpr double kLogInterval = 1.0;  // between lines where there is no terminal to draw over

std::string duration(double seconds) {
  const auto s = static_cast<uint64_t>(std::min(seconds, 359999.0));
  if (s >= 3600) return fmt::format("{}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60);
  return fmt::format("{}:{:02}", s / 60, s % 60);
}

}  // namespace

ProgressLine::ProgressLine(ShowProgress show)
    : on_terminal_(::isatty(STDERR_FILENO) == 1),
      delay_(show == ShowProgress::always ? 0.0 : kDelay) {
  enabled_ = show == ShowProgress::always || (show == ShowProgress::automatic && on_terminal_);
}

ProgressLine::~ProgressLine() { clear(); }

void ProgressLine::start(const std::string& name) {
  if (!enabled_) return;
  name_ = name;
  started_ = last_ = monotonic_seconds();
}

void ProgressLine::update(const Progress& progress) {
  if (!enabled_) return;
  const double now = monotonic_seconds();
  if (now - started_ < delay_) return;
  if (!on_terminal_ && progress.copied != progress.total && now - last_ < kLogInterval) return;
  last_ = now;
  std::string line = text(progress, now - started_);
  if (!on_terminal_) {
    line += '\n';
  } else {
    const size_t width = terminal_columns(STDERR_FILENO) - 1;
    line.resize(std::min(line.size(), width));
    line = "\r\033[K" + line;
  }
  std::fwrite(line.data(), 1, line.size(), stderr);
  shown_ = true;
}

// Holes and shared bytes come in milliseconds: the rate, and the time that is left, are those of what is read and written.
std::string ProgressLine::text(const Progress& p, double seconds) const {
  const double rate = seconds > 0 ? static_cast<double>(p.moved) / seconds : 0;
  std::string line = format_size(p.copied);
  if (p.total > 0) {
    const double part = static_cast<double>(p.copied) / static_cast<double>(p.total);
    line += fmt::format(" of {}  {:.0f}%", format_size(p.total), 100 * part);
  }
  if (rate > 0) line += fmt::format("  {}/s", format_size(static_cast<uint64_t>(rate)));
  if (p.to_move > p.moved && rate > 0) {
    line += fmt::format("  {} left", duration(static_cast<double>(p.to_move - p.moved) / rate));
  }
  return line + "  " + quoted_if_needed(name_);
}

void ProgressLine::clear() {
  if (!shown_) return;
  shown_ = false;
  if (on_terminal_) std::fputs("\r\033[K", stderr);
}

}  // namespace libcopyfile::app
