#include "copyfile-target/service.h"

#include <fmt/format.h>

#include <set>

#include "sys/system_info.h"

namespace libcopyfile::daemon {
namespace {

bool same(const iscsi::Portal& a, const iscsi::Portal& b) { return text_of(a) == text_of(b); }

// What is settled when the target starts.
Problems unchangeable(const Config& now, const Config& next) {
  Problems problems;
  const auto must_stay = [&](bool stays, std::string_view what) {
    if (!stays) problems.push_back({0, fmt::format("{} can't change without a restart", what)});
  };
  must_stay(now.target_name == next.target_name, "the name of the target");
  must_stay(std::equal(now.portals.begin(), now.portals.end(), next.portals.begin(),
                       next.portals.end(), same),
            "'portals'");
  must_stay(now.state_directory == next.state_directory, "'state-directory'");
  must_stay(now.control == next.control, "'control'");
  must_stay(now.metrics.has_value() == next.metrics.has_value() &&
                (!now.metrics || same(*now.metrics, *next.metrics)),
            "'metrics'");
  must_stay(now.io_threads == next.io_threads && now.copy_threads == next.copy_threads,
            "the number of threads");
  const target::CopyLimits &a = now.copies, &b = next.copies;
  must_stay(a.concurrent == b.concurrent && a.default_token_timeout == b.default_token_timeout &&
                a.max_token_timeout == b.max_token_timeout &&
                a.max_tokens_per_initiator == b.max_tokens_per_initiator,
            "limits of copies and tokens");
  return problems;
}

}  // namespace

Service::Service(Config config, Log& log)
    : log_(log), started_(current_time()), config_(std::move(config)) {}

Service::~Service() {
  // First those who ask, then what they ask of.
  server_.reset();
  device_.reset();
}

tl::expected<std::unique_ptr<Service>, Problems> Service::start(Config config, Log& log) {
  std::unique_ptr<Service> service(new Service(std::move(config), log));
  Problems problems = service->open();
  if (!problems.empty()) return tl::make_unexpected(std::move(problems));
  return service;
}

Problems Service::open() {
  auto units = next_units({}, config_);
  if (!units) return units.error();
  Problems problems;
  Access::Table table = access_table(config_, *units, problems);
  if (!problems.empty()) return problems;
  target::DeviceOptions options;
  options.name = config_.target_name;
  options.io_threads = config_.io_threads;
  options.copy_threads = config_.copy_threads;
  options.copy = config_.copies;
  auto device = target::Device::create(
      std::move(options), [this](const std::string& initiator) { return access_.luns(initiator); });
  if (!device) return {{0, device.error().message()}};
  device_ = std::move(*device);
  units_ = std::move(*units);
  access_.set(std::move(table));
  auto server = iscsi::Server::start(server_options(config_), *device_);
  if (!server && server.error().code == EADDRINUSE)
    return {{0, "a portal is in use by somebody else: " + server.error().message()}};
  if (!server) return {{0, server.error().message()}};
  server_ = std::move(*server);
  return {};
}

iscsi::ServerOptions Service::server_options(const Config& config) {
  iscsi::ServerOptions options;
  options.target_name = config.target_name;
  options.target_alias = config.target_alias;
  options.portals = config.portals;
  options.authentication = [this](const std::string& initiator) {
    return access_.authentication(initiator);
  };
  options.header_digest = config.header_digest;
  options.data_digest = config.data_digest;
  options.limits = config.limits;
  options.log = [this](const std::string& event, const Log::Fields& fields) {
    log_.event(event, fields);
  };
  return options;
}

void Service::apply(Units units, Access::Table table) {
  const Units before = this->units();
  access_.set(std::move(table));
  for (const auto& [name, unit] : before) {
    const auto stays = units.find(name);
    if (stays == units.end() || stays->second.unit != unit.unit)
      device_->copies().unit_removed(*unit.unit);
  }
  {
    const std::lock_guard lock(mutex_);
    units_ = std::move(units);
  }
  device_->lun_maps_changed();
}

Problems Service::reload(const Config& next) {
  const std::lock_guard changing(changing_);
  Problems problems = unchangeable(config(), next);
  if (!problems.empty()) return problems;
  auto units = next_units(this->units(), next);
  if (!units) return units.error();
  Access::Table table = access_table(next, *units, problems);
  if (!problems.empty()) return problems;
  {
    const std::lock_guard lock(mutex_);
    config_ = next;
  }
  apply(std::move(*units), std::move(table));
  log_.set_format(next.json_log ? Format::json : Format::text);
  server_->set_options(server_options(next));
  std::set<std::string> gone;
  for (const iscsi::SessionStatus& session : server_->sessions()) {
    if (!access_.authentication(session.initiator)) gone.insert(session.initiator);
  }
  for (const std::string& initiator : gone) server_->drop(initiator);
  return {};
}

void Service::drain(unsigned seconds) {
  server_->stop(seconds);
  device_->copies().stop();
}

Units Service::units() const {
  const std::lock_guard lock(mutex_);
  return units_;
}

Config Service::config() const {
  const std::lock_guard lock(mutex_);
  return config_;
}

std::vector<std::pair<std::string, std::string>> Service::urls(const std::string& initiator) const {
  std::vector<std::pair<std::string, std::string>> made;
  const std::vector<iscsi::Portal> portals = server_->portals();
  if (portals.empty()) return made;
  for (const auto& [number, unit] : access_.luns(initiator))
    made.emplace_back(
        fmt::format("iscsi://{}/{}/{}", text_of(portals.front()), config().target_name, number),
        unit->image().name());
  return made;
}

}  // namespace libcopyfile::daemon
