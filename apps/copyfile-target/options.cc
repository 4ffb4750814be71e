#include "copyfile-target/options.h"

#include <fmt/format.h>
#include <getopt.h>

#include <cstdlib>

#include "copyfile/messages.h"
#include "copyfile/quote.h"
#include "sys/system_info.h"

namespace libcopyfile::daemon {
namespace {

enum LongOption : int {
  kCheck = 256,
  kControl,
  kLog,
  kPortal,
  kName,
  kBlockSize,
  kReadOnly,
  kJson,
  kHelp,
  kVersion
};

constexpr option kServeOptions[] = {
    {"config", required_argument, nullptr, 'c'},
    {"check", no_argument, nullptr, kCheck},
    {"control", required_argument, nullptr, kControl},
    {"log", required_argument, nullptr, kLog},
    {"portal", required_argument, nullptr, kPortal},
    {"name", required_argument, nullptr, kName},
    {"block-size", required_argument, nullptr, kBlockSize},
    {"read-only", no_argument, nullptr, kReadOnly},
    {"help", no_argument, nullptr, kHelp},
    {"version", no_argument, nullptr, kVersion},
    {nullptr, 0, nullptr, 0},
};

constexpr option kCtlOptions[] = {
    {"control", required_argument, nullptr, kControl},
    {"json", no_argument, nullptr, kJson},
    {"help", no_argument, nullptr, kHelp},
    {nullptr, 0, nullptr, 0},
};

// A wrong argument, told.
int wrong(const char* option, std::string_view argument, std::string_view expected) {
  return app::usage_error(
      fmt::format("invalid argument {} for '{}': {}", app::quoted(argument), option, expected));
}

// 0, or what to exit with.
int take(ServeOptions& options, int option, const std::string& argument, bool& quick) {
  quick =
      quick || option == kPortal || option == kName || option == kBlockSize || option == kReadOnly;
  switch (option) {
    case 'c': options.config = argument; return 0;
    case kCheck: options.check = true; return 0;
    case kControl: options.control = argument; return 0;
    case kName: options.quick.target_name = argument; return 0;
    case kReadOnly: options.quick.read_only = true; return 0;
    case kLog:
      if (argument != "text" && argument != "json")
        return wrong("--log", argument, "'text' or 'json'");
      options.log = argument == "json" ? Format::json : Format::text;
      return 0;
    case kBlockSize:
      if (argument != "512" && argument != "4096")
        return wrong("--block-size", argument, "'512' or '4096'");
      options.quick.block_size = argument == "512" ? 512 : 4096;
      return 0;
    case kPortal: {
      const auto portal = parse_portal(argument, 3260);
      if (!portal) return app::usage_error(portal.error());
      // The rule for all: beyond loopback nobody is served who does not show who it is, for which there is no option here.
      if (!is_loopback(*portal))
        return wrong("--portal", argument,
                     "it is not of loopback: serving others needs --config, with secrets");
      options.quick.portals.push_back(*portal);
      return 0;
    }
    default: app::print_help_hint(); return app::kUsage;
  }
}

int check_usage(const ServeOptions& options, bool quick) {
  const bool images = !options.quick.images.empty();
  if (options.config.empty() && !images)
    return app::usage_error("what to serve is missing: --config FILE, or images");
  if (!options.config.empty() && (images || quick))
    return app::usage_error(
        "--config says all that is served; images and their options don't go with it");
  if (options.check && options.config.empty())
    return app::usage_error("--check goes with --config");
  return 0;
}

struct CtlCommand {
  const char* name;
  size_t least, most;        // of arguments
  const char* arguments[3];  // their names in the request
};

constexpr CtlCommand kCommands[] = {
    {"status", 0, 0, {}},
    {"sessions", 0, 0, {}},
    {"luns", 0, 0, {}},
    {"copies", 0, 0, {}},
    {"snapshots", 0, 1, {"lun"}},
    {"snapshot", 1, 2, {"lun", "path"}},
    {"clone", 2, 3, {"lun", "name", "path"}},
    {"remove", 1, 1, {"name"}},
    {"drop", 1, 1, {"initiator"}},
    {"reload", 0, 0, {}},
    {"drain", 0, 1, {"seconds"}},
};

const CtlCommand* command_of(std::string_view name) {
  for (const CtlCommand& command : kCommands) {
    if (name == command.name) return &command;
  }
  return nullptr;
}

// 0, or what to exit with.
int make_request(const std::vector<std::string>& operands, Json& request) {
  if (operands.empty()) return app::usage_error("the command is missing");
  const CtlCommand* command = command_of(operands[0]);
  if (command == nullptr)
    return app::usage_error(fmt::format("there is no command {}", app::quoted(operands[0])));
  const size_t arguments = operands.size() - 1;
  if (arguments < command->least)
    return app::usage_error(fmt::format("'{}' needs more arguments", command->name));
  if (arguments > command->most)
    return app::usage_error(fmt::format("'{}' takes fewer arguments", command->name));
  request = {{"command", operands[0]}};
  for (size_t i = 0; i < arguments; ++i) request[command->arguments[i]] = operands[i + 1];
  if (!request.contains("seconds")) return 0;
  const std::string& seconds = operands[1];
  if (seconds.empty() || seconds.size() > 4 ||
      seconds.find_first_not_of("0123456789") != std::string::npos || std::stoul(seconds) > 3600)
    return app::usage_error("'drain' takes seconds, from 0 to 3600");
  request["seconds"] = std::stoul(seconds);
  return 0;
}

}  // namespace

std::string default_control() {
  const auto from = [](const char* variable) -> std::string {
    const char* value = std::getenv(variable);  // NOLINT(concurrency-mt-unsafe): nobody sets it
    return value != nullptr ? value : "";
  };
  if (const std::string runtime = from("RUNTIME_DIRECTORY"); !runtime.empty())
    return runtime.substr(0, runtime.find(':')) + "/control";
  const std::string user = from("XDG_RUNTIME_DIR");
  if (effective_user() == 0 || user.empty()) return "/run/copyfile-target/control";
  return user + "/copyfile-target/control";
}

ParsedLine<ServeOptions> parse_serve_options(int argc, char** argv) {
  ServeOptions options;
  bool quick = false;
  for (;;) {
    // No other thread is there yet.  NOLINTNEXTLINE(concurrency-mt-unsafe)
    const int option = ::getopt_long(argc, argv, "c:", kServeOptions, nullptr);
    if (option == -1) break;
    if (option == kHelp) {
      app::print(serve_help());
      return {{}, app::close_standard_output() ? app::kOk : app::kFailed};
    }
    if (option == kVersion) {
      app::print(fmt::format("copyfile-target {}\n", COPYFILE_VERSION));
      return {{}, app::close_standard_output() ? app::kOk : app::kFailed};
    }
    const int status = take(options, option, ::optarg != nullptr ? ::optarg : "", quick);
    if (status != 0) return {{}, status};
  }
  for (int i = ::optind; i < argc; ++i) options.quick.images.emplace_back(argv[i]);
  const int status = check_usage(options, quick);
  if (status != 0) return {{}, status};
  return {std::move(options), 0};
}

ParsedLine<CtlOptions> parse_ctl_options(int argc, char** argv) {
  CtlOptions options;
  for (;;) {
    // No other thread is there yet.  NOLINTNEXTLINE(concurrency-mt-unsafe)
    const int option = ::getopt_long(argc, argv, "", kCtlOptions, nullptr);
    if (option == -1) break;
    if (option == kHelp) {
      app::print(ctl_help());
      return {{}, app::close_standard_output() ? app::kOk : app::kFailed};
    }
    if (option == kControl) {
      options.control = ::optarg;
    } else if (option == kJson) {
      options.json = true;
    } else {
      app::print_help_hint();
      return {{}, app::kUsage};
    }
  }
  if (options.control.empty()) options.control = default_control();
  const int status = make_request({argv + ::optind, argv + argc}, options.request);
  if (status != 0) return {{}, status};
  return {std::move(options), 0};
}

}  // namespace libcopyfile::daemon
