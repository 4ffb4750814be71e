// One line on standard error that is drawn over and over on a terminal, and printed anew where there is none.
#pragma once

#include <string>
#include <string_view>

namespace libcopyfile::app {

class LiveLine {
 public:
  LiveLine();
  ~LiveLine() { clear(); }
  LiveLine(const LiveLine&) = delete;
  LiveLine& operator=(const LiveLine&) = delete;

  bool on_terminal() const { return on_terminal_; }
  // The figures, and behind them as much as there is room for of a name, quoted where it needs to be.
  void show(std::string_view figures, std::string_view name);
  // Takes the line away, so that something else can be printed.
  void clear();

 private:
  bool on_terminal_;
  bool shown_ = false;
};

// What show() prints in so many columns.
std::string fitted(std::string_view figures, std::string_view name, size_t columns);
// "0:07", "1:02:03"
std::string duration_text(double seconds);

}  // namespace libcopyfile::app
