#include "copyfile-target/http.h"

#include <fmt/format.h>

#include <array>

#include "sys/local_socket.h"
#include "sys/system_info.h"

namespace libcopyfile::daemon {
namespace {

constexpr double kSeconds = 5;
constexpr size_t kLongestHead = 8192;

std::string answer(std::string_view status, std::string_view type, std::string_view body,
                   std::string_view more = {}) {
  return fmt::format(
      "HTTP/1.1 {}\r\nContent-Type: {}\r\nContent-Length: {}\r\n{}Connection: close\r\n\r\n{}",
      status, type, body.size(), more, body);
}

std::string refusal(std::string_view status, std::string_view more = {}) {
  return answer(status, "text/plain", fmt::format("{}\n", status), more);
}

}  // namespace

std::string http_answer(std::string_view head, const std::function<std::string()>& metrics) {
  const std::string_view line = head.substr(0, head.find("\r\n"));
  const size_t first = line.find(' '), last = line.rfind(' ');
  if (first == std::string_view::npos || first == last ||
      !line.substr(last + 1).starts_with("HTTP/1."))
    return refusal("400 Bad Request");
  const std::string_view method = line.substr(0, first);
  const std::string_view target = line.substr(first + 1, last - first - 1);
  if (method != "GET") return refusal("405 Method Not Allowed", "Allow: GET\r\n");
  if (target.substr(0, target.find('?')) != "/metrics") return refusal("404 Not Found");
  return answer("200 OK", "text/plain; version=0.0.4; charset=utf-8", metrics());
}

void serve_http(int socket, int stop, const std::function<std::string()>& metrics) {
  const Deadline deadline{monotonic_seconds() + kSeconds, stop};
  std::string head;
  std::array<char, 1024> some;
  size_t end = std::string::npos;
  while ((end = head.find("\r\n\r\n")) == std::string::npos && head.size() < kLongestHead) {
    const Result<size_t> got = receive_some(socket, some, deadline);
    if (!got || *got == 0) return;
    head.append(some.data(), *got);
  }
  // Who reads nothing is left alone after the deadline; there is nobody to tell.
  [[maybe_unused]] const Done sent = send_all(
      socket,
      end == std::string::npos ? refusal("431 Request Header Fields Too Large")
                               : http_answer(std::string_view{head}.substr(0, end), metrics),
      deadline);
}

}  // namespace libcopyfile::daemon
