#include "copyfile/live_line.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>

#include "copyfile/columns.h"
#include "copyfile/quote.h"
#include "sys/system_info.h"

namespace libcopyfile::app {
namespace {

constexpr size_t kLeastName = 8;  // less than this of a name tells nothing

}  // namespace

LiveLine::LiveLine() : on_terminal_(::isatty(STDERR_FILENO) == 1) {}

void LiveLine::show(std::string_view figures, std::string_view name) {
  std::string line;
  if (on_terminal_) {
    // Not the last column: some terminals go to the next line there.
    line = "\r\033[K" + fitted(figures, name, terminal_columns(STDERR_FILENO) - 1);
  } else {
    line = figures;
    if (!name.empty()) line += "  " + quoted_if_needed(name);
    line += '\n';
  }
  std::fwrite(line.data(), 1, line.size(), stderr);
  shown_ = true;
}

void LiveLine::clear() {
  if (!shown_) return;
  shown_ = false;
  if (on_terminal_) std::fputs("\r\033[K", stderr);
}

std::string fitted(std::string_view figures, std::string_view name, size_t columns) {
  std::string line(figures.substr(0, columns));
  const size_t used = line.size() + 2;
  if (name.empty() || columns < used + kLeastName) return line;
  return line.append(2, ' ').append(shortened(quoted_if_needed(name), columns - used));
}

std::string duration_text(double seconds) {
  const auto s = static_cast<uint64_t>(std::min(seconds + 0.5, 359999.0));
  if (s >= 3600) return fmt::format("{}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60);
  return fmt::format("{}:{:02}", s / 60, s % 60);
}

}  // namespace libcopyfile::app
