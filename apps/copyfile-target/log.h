// One line an event on standard error: for people and the journal as text, for programs as JSON.
#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace libcopyfile::daemon {

enum class Format : uint8_t { text, json };

// Any thread at any time.
class Log {
 public:
  using Fields = std::vector<std::pair<std::string, std::string>>;
  using Sink = std::function<void(std::string_view line)>;

  // To standard error where there is no sink.
  explicit Log(Format format, Sink sink = {});
  void set_format(Format format);
  void event(std::string_view event, const Fields& fields = {});

 private:
  std::mutex mutex_;
  Format format_;
  Sink sink_;
};

// Without the line feed at the end. Values come from initiators: none makes a second line or reaches a terminal as it is. `seconds`
// since the epoch.
std::string log_line(Format format, double seconds, std::string_view event,
                     const Log::Fields& fields);
// "2026-01-31T23:59:59Z"
std::string utc_text(double seconds);

}  // namespace libcopyfile::daemon
