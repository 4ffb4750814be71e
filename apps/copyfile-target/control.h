// What `copyfile-target ctl` asks of the daemon: JSON lines over a socket of the Unix domain, which only the daemon's user and root may
// connect to. {"command":"status"} is answered by {"ok":true,"result":...} or {"ok":false,"error":"..."}.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "copyfile-target/json.h"
#include "copyfile-target/service.h"

namespace libcopyfile::daemon {

inline constexpr size_t kLongestRequest = 65536;

class Control {
 public:
  // Reading the configuration again, and ending, are the daemon's own; `reload` returns why not, or nothing.
  struct Daemon {
    std::function<std::string()> reload;
    std::function<void(unsigned seconds)> drain;
  };
  Control(Service& service, Daemon daemon) : service_(service), daemon_(std::move(daemon)) {}

  // The answer to a line, without the line feed of either. Any thread.
  std::string answer(std::string_view line);
  // Answers line after line, until the peer has enough or is silent for too long.
  void serve(int socket, int stop);

 private:
  tl::expected<Json, std::string> carry_out(const Json& request);
  tl::expected<Json, std::string> change(const std::string& command, const Json& request);

  Service& service_;
  Daemon daemon_;
};

}  // namespace libcopyfile::daemon
