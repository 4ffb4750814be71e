#include "copyfile-target/log.h"

#include <fmt/format.h>

#include <cstdio>
#include <ctime>
#include <nlohmann/json.hpp>

#include "sys/system_info.h"

namespace libcopyfile::daemon {
namespace {

bool is_plain(char c) { return c > ' ' && c <= '~' && c != '"' && c != '\\' && c != '='; }

// As it is where nothing of it could be mistaken; else in quotes, with all but printable ASCII as \xHH.
std::string text_value(std::string_view value) {
  bool plain = !value.empty();
  for (const char c : value) plain = plain && is_plain(c);
  if (plain) return std::string(value);
  std::string made = "\"";
  for (const char c : value) {
    if (is_plain(c) || c == ' ' || c == '=') {
      made += c;
    } else if (c == '"' || c == '\\') {
      made += {'\\', c};
    } else {
      made += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    }
  }
  return made + '"';
}

void to_standard_error(std::string_view line) {
  // One call a line: lines of other processes on the same terminal stay apart.
  std::fwrite(line.data(), 1, line.size(), stderr);
}

}  // namespace

std::string utc_text(double seconds) {
  const auto whole = static_cast<std::time_t>(seconds);
  std::tm parts{};
  ::gmtime_r(&whole, &parts);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", parts.tm_year + 1900, parts.tm_mon + 1,
                     parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec);
}

std::string log_line(Format format, double seconds, std::string_view event,
                     const Log::Fields& fields) {
  if (format == Format::json) {
    nlohmann::ordered_json line = {{"time", utc_text(seconds)}, {"event", std::string(event)}};
    for (const auto& [key, value] : fields) line[key] = value;
    return line.dump(-1, ' ', true, nlohmann::ordered_json::error_handler_t::replace);
  }
  std::string line = fmt::format("{} {}", utc_text(seconds), event);
  for (const auto& [key, value] : fields) line += fmt::format(" {}={}", key, text_value(value));
  return line;
}

Log::Log(Format format, Sink sink)
    : format_(format), sink_(sink ? std::move(sink) : Sink(to_standard_error)) {}

void Log::set_format(Format format) {
  const std::lock_guard lock(mutex_);
  format_ = format;
}

void Log::event(std::string_view event, const Fields& fields) {
  const std::lock_guard lock(mutex_);
  sink_(log_line(format_, current_time(), event, fields) + '\n');
}

}  // namespace libcopyfile::daemon
