#include <fmt/format.h>
#include <signal.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>

#include "copyfile-target/connections.h"
#include "copyfile-target/control.h"
#include "copyfile-target/http.h"
#include "copyfile-target/options.h"
#include "copyfile-target/service.h"
#include "copyfile-target/status.h"
#include "copyfile/messages.h"
#include "copyfile/quote.h"
#include "sys/service_manager.h"
#include "sys/system_info.h"

namespace libcopyfile::daemon {
namespace {

constexpr unsigned kControlThreads = 4, kMetricsThreads = 2;
// Images, sockets of our own, what libraries open.
constexpr uint64_t kFurtherFiles = 256;

constexpr std::initializer_list<int> kSignals = {SIGHUP, SIGTERM, SIGINT};

tl::expected<Config, Problems> read(const ServeOptions& options) {
  auto config = options.config.empty() ? quick_config(options.quick) : read_config(options.config);
  if (!config) return config;
  if (!options.control.empty()) config->control = options.control;
  if (options.log) config->json_log = *options.log == Format::json;
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nobody sets it
  const char* state = std::getenv("STATE_DIRECTORY");
  if (config->state_directory.empty() && state != nullptr)
    config->state_directory = std::string(state).substr(0, std::string(state).find(':'));
  return config;
}

// One run of the program: what there is besides the service.
class Run {
 public:
  Run(const ServeOptions& options, const Config& config)
      : options_(options),
        log_(config.json_log ? Format::json : Format::text),
        drain_seconds_(config.drain_seconds) {}

  int run(Config config);

 private:
  std::string name() const { return options_.config.empty() ? "copyfile-target" : options_.config; }
  int refuse(const Problems& problems) const;
  bool open_control(const std::string& path);
  bool open_metrics(const iscsi::Portal& portal);
  void print_urls() const;
  std::string reload();
  void end();

  const ServeOptions& options_;
  Log log_;
  std::atomic<unsigned> drain_seconds_;
  std::unique_ptr<Service> service_;
  std::unique_ptr<Control> answers_;
  std::string control_path_;
  std::unique_ptr<Connections> control_, metrics_;
};

int Run::refuse(const Problems& problems) const {
  app::print_error(describe(problems, name()));
  return app::kFailed;
}

bool Run::open_control(const std::string& path) {
  std::error_code ignored;  // listening tells
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), ignored);
  Result<Fd> listener = listen_local(path, 0600);
  if (!listener) {
    const bool taken = listener.error().code == EADDRINUSE;
    const std::string why = taken ? "another target listens there" : listener.error().message();
    // Without a configuration there was no wish for one: several may run side by side.
    if (options_.config.empty() && options_.control.empty()) {
      log_.event("no-control", {{"path", path}, {"why", why}});
      return true;
    }
    app::complain(fmt::format("control socket {}: {}", app::quoted(path), why));
    return false;
  }
  control_path_ = path;
  answers_ = std::make_unique<Control>(*service_, Control::Daemon{[this] { return reload(); },
                                                                  [this](unsigned seconds) {
                                                                    drain_seconds_ = seconds;
                                                                    signal_self(SIGTERM);
                                                                  }});
  auto started =
      Connections::start(std::move(*listener), kControlThreads,
                         [this](int socket, int stop) { answers_->serve(socket, stop); });
  if (!started) {
    app::complain(started.error().message());
    return false;
  }
  control_ = std::move(*started);
  return true;
}

bool Run::open_metrics(const iscsi::Portal& portal) {
  Result<Fd> listener = listen_tcp(portal.address, portal.port);
  if (!listener) {
    app::complain(fmt::format("metrics: {}", listener.error().message()));
    return false;
  }
  auto started =
      Connections::start(std::move(*listener), kMetricsThreads, [this](int socket, int stop) {
        serve_http(socket, stop, [this] { return metrics_of(*service_); });
      });
  if (!started) {
    app::complain(started.error().message());
    return false;
  }
  metrics_ = std::move(*started);
  log_.event(
      "metrics",
      {{"url", fmt::format("http://{}/metrics", text_of({portal.address, metrics_->port()}))}});
  return true;
}

void Run::print_urls() const {
  for (const auto& [url, image] : service_->urls("*"))
    app::print(fmt::format("{}  {}\n", url, app::quoted_if_needed(image)));
}

std::string Run::reload() {
  if (options_.config.empty()) return "there is no configuration to read again";
  auto config = read(options_);
  Problems problems;
  if (config) {
    drain_seconds_ = config->drain_seconds;
    problems = service_->reload(*config);
  } else {
    problems = std::move(config.error());
  }
  for (const Problem& problem : problems)
    log_.event("reload-refused", {{"line", std::to_string(problem.line)}, {"why", problem.text}});
  if (problems.empty()) log_.event("reloaded");
  std::string text = describe(problems, name());
  if (text.ends_with('\n')) text.pop_back();
  return text;
}

void Run::end() {
  log_.event("stopping", {{"seconds", std::to_string(drain_seconds_)}});
  [[maybe_unused]] const Done told =
      notify_service_manager("STOPPING=1\nSTATUS=Initiators log out");
  // Who asks a second time does not want to wait. Nothing is lost that was promised: it is as if the power failed.
  std::atomic<bool> ended = false;
  auto impatience = Thread::start([&ended] {
    wait_for_signal({SIGTERM, SIGINT});
    if (!ended) std::_Exit(app::kFailed);
  });
  service_->drain(drain_seconds_);
  control_.reset();
  metrics_.reset();
  service_.reset();
  ended = true;
  if (impatience) signal_self(SIGTERM);
}

int Run::run(Config config) {
  raise_open_files_limit(config.limits.sessions + kFurtherFiles);
  const std::string control = config.control.empty() ? default_control() : config.control;
  const auto metrics = config.metrics;
  auto service = Service::start(std::move(config), log_);
  if (!service) return refuse(service.error());
  service_ = std::move(*service);
  if (!open_control(control) || (metrics && !open_metrics(*metrics))) return app::kFailed;
  if (options_.config.empty()) {
    print_urls();
    if (!app::close_standard_output()) return app::kFailed;
  }
  for (const iscsi::Portal& portal : service_->server().portals())
    log_.event("listening",
               {{"portal", text_of(portal)}, {"target", service_->config().target_name}});
  if (const Done told = notify_service_manager("READY=1\nSTATUS=Serving"); !told)
    log_.event("not-notified", {{"why", told.error().message()}});
  while (wait_for_signal(kSignals) == SIGHUP) reload();
  end();
  std::error_code ignored;  // a socket that is left over is replaced by the next
  if (!control_path_.empty()) std::filesystem::remove(control_path_, ignored);
  log_.event("ended");
  return app::kOk;
}

}  // namespace

int serve(const ServeOptions& options) {
  auto config = read(options);
  if (!config) {
    app::print_error(
        describe(config.error(), options.config.empty() ? "copyfile-target" : options.config));
    return app::kFailed;
  }
  if (options.check) return app::kOk;
  if (const Done blocked = block_signals(kSignals); !blocked) {
    app::complain(blocked.error().message());
    return app::kFailed;
  }
  Run run(options, *config);
  return run.run(std::move(*config));
}

}  // namespace libcopyfile::daemon
