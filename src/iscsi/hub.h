// What connections and sessions know of the server around them. All of it is used by the loop's thread alone, unless it says
// otherwise.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "iscsi/budget.h"
#include "iscsi/server.h"

namespace libcopyfile::iscsi {

class Connection;
class Session;
struct Parameters;

class Hub {
 public:
  Hub(target::Device& its_device, ServerOptions its_options)
      : device(its_device),
        options(std::make_shared<const ServerOptions>(std::move(its_options))),
        memory(
            std::make_shared<Budget>(at_least_two(options->limits.total_bytes, options->limits))) {}
  virtual ~Hub() = default;
  Hub(const Hub&) = delete;
  Hub& operator=(const Hub&) = delete;

  target::Device& device;
  // Who begins something keeps the ones that it began with.
  std::shared_ptr<const ServerOptions> options;
  const std::shared_ptr<Budget> memory;
  ServerTotals totals;
  uint64_t now = 0;  // ms, of this turn of the loop
  bool stopping = false;
  std::vector<Portal> portals;

  // Any thread: a task of the session is done.
  virtual void completed(Session& session, target::TaskPtr task) = 0;
  // Any thread: called by the loop.
  virtual void post(std::function<void()> work) = 0;
  // It has something to send by the end of this turn.
  virtual void has_output(Connection& connection) = 0;
  // Its login is through. It gets its session by Connection::begin(), or is refused, now or when an older one has ended.
  virtual void wants_session(Connection& connection) = 0;
  virtual bool has_session(uint16_t tsih) const = 0;
  // Commands that other sessions have not given to the device yet end without an answer.
  virtual void abort_elsewhere(const Session& session, target::Management function,
                               uint64_t lun) = 0;
  // Memory for one call of the network at a time.
  virtual std::span<uint8_t> receive_buffer() = 0;

  // It is over, or closed: taken away at the end of this turn.
  virtual void is_over(Connection& connection) = 0;
  virtual void is_closed(Session& session) = 0;

  // Two commands of the largest size must have room, or one that has come in part could wait for ever.
  static uint64_t at_least_two(uint64_t bytes, const Limits& limits) {
    return std::max<uint64_t>(bytes, uint64_t{2} * limits.max_transfer);
  }

  using Fields = std::vector<std::pair<std::string, std::string>>;
  void log(const std::string& event, const Fields& fields) const {
    if (options->log) options->log(event, fields);
  }
};

}  // namespace libcopyfile::iscsi
