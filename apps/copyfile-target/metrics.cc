#include <fmt/format.h>

#include "copyfile-target/status.h"
#include "sys/system_info.h"

namespace libcopyfile::daemon {
namespace {

class Metrics {
 public:
  void family(std::string_view name, std::string_view type, std::string_view help) {
    name_ = fmt::format("copyfile_target_{}", name);
    text_ += fmt::format("# HELP {0} {2}\n# TYPE {0} {1}\n", name_, type, help);
  }
  // Labels are names out of the configuration: none has a character that would need escaping.
  template <class T>
  void value(T value, std::string_view label = {}, std::string_view of = {}) {
    text_ += label.empty() ? fmt::format("{} {}\n", name_, value)
                           : fmt::format("{}{{{}=\"{}\"}} {}\n", name_, label, of, value);
  }
  template <class T>
  void one(std::string_view name, std::string_view type, std::string_view help, T number) {
    family(name, type, help);
    value(number);
  }
  std::string take() { return std::move(text_); }

 private:
  std::string name_, text_;
};

void add_server(Metrics& metrics, const iscsi::ServerTotals& totals) {
  metrics.one("sessions", "gauge", "Sessions that are logged in.", totals.sessions);
  metrics.one("connections", "gauge", "Connections, with those that log in.", totals.connections);
  metrics.one("logins_total", "counter", "Logins that succeeded.", totals.logins);
  metrics.one("logins_failed_total", "counter", "Logins that were refused.", totals.logins_failed);
  metrics.one("logouts_total", "counter", "Sessions that ended by a logout.", totals.logouts);
  metrics.one("connections_lost_total", "counter", "Sessions that ended otherwise.",
              totals.connections_lost);
  metrics.one("digest_errors_total", "counter", "PDUs with a wrong digest.", totals.digest_errors);
  metrics.one("protocol_errors_total", "counter", "PDUs that broke the protocol.",
              totals.protocol_errors);
}

void add_copies(Metrics& metrics, const target::CopyManager& manager) {
  unsigned running = 0;
  for (const target::CopyStatus& copy : manager.copies()) running += copy.running ? 1 : 0;
  const target::CopyManager::Totals totals = manager.totals();
  metrics.one("copies_running", "gauge", "Copies under way.", running);
  metrics.one("copies_total", "counter", "Copies that were begun.", totals.copies);
  metrics.one("copies_failed_total", "counter", "Copies that failed.", totals.failed);
  metrics.family("copied_bytes_total", "counter",
                 "Bytes of copies, by how they came to be in place: shared were not moved.");
  metrics.value(totals.shared, "how", "shared");
  metrics.value(totals.moved, "how", "moved");
  metrics.value(totals.zeroed, "how", "zeroed");
  metrics.one("tokens", "gauge", "Tokens that may be used.", totals.tokens_now);
  metrics.one("tokens_total", "counter", "Tokens that were made.", totals.tokens);
}

void add_units(Metrics& metrics, const Units& units) {
  const auto each = [&](std::string_view name, std::string_view help, auto member) {
    metrics.family(name, "counter", help);
    for (const auto& [lun, unit] : units)
      metrics.value((unit.unit->counters().*member).load(std::memory_order_relaxed), "lun", lun);
  };
  using Counters = target::LogicalUnit::Counters;
  each("reads_total", "Commands that read.", &Counters::reads);
  each("read_bytes_total", "Bytes read.", &Counters::read_bytes);
  each("writes_total", "Commands that wrote.", &Counters::writes);
  each("written_bytes_total", "Bytes written.", &Counters::written_bytes);
  each("unmapped_bytes_total", "Bytes given back.", &Counters::unmapped_bytes);
  each("errors_total", "Commands that failed for the image.", &Counters::errors);
  metrics.family("lun_bytes", "gauge", "Size of the unit.");
  for (const auto& [lun, unit] : units)
    metrics.value(unit.unit->blocks() * unit.unit->block_length(), "lun", lun);
}

}  // namespace

std::string metrics_of(const Service& service) {
  Metrics metrics;
  metrics.family("info", "gauge", "The version that runs.");
  metrics.value(1, "version", COPYFILE_VERSION);
  metrics.one("start_time_seconds", "gauge", "When it was started, since the epoch.",
              service.started());
  metrics.one("resident_memory_bytes", "gauge", "Memory that it takes.", resident_memory());
  add_server(metrics, service.server().totals());
  add_copies(metrics, service.copies());
  add_units(metrics, service.units());
  return metrics.take();
}

}  // namespace libcopyfile::daemon
