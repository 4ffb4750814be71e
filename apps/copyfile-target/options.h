// The command line of `copyfile-target` and of `copyfile-target ctl`.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "copyfile-target/config.h"
#include "copyfile-target/json.h"
#include "copyfile-target/log.h"

namespace libcopyfile::daemon {

struct ServeOptions {
  std::string config;  // empty: `quick`
  QuickOptions quick;
  bool check = false;
  std::string control;  // empty: what the configuration says, or the default place
  std::optional<Format> log;
};

struct CtlOptions {
  std::string control;
  bool json = false;
  Json request;
};

// Either options, or the status to exit with: after --help and --version, or a usage error, which has been told.
template <class T>
struct ParsedLine {
  std::optional<T> options;
  int exit = 0;
};
ParsedLine<ServeOptions> parse_serve_options(int argc, char** argv);
ParsedLine<CtlOptions> parse_ctl_options(int argc, char** argv);

std::string serve_help();
std::string ctl_help();

// Where the control socket is unless told otherwise: $RUNTIME_DIRECTORY (of systemd), /run/copyfile-target for root, else
// $XDG_RUNTIME_DIR/copyfile-target.
std::string default_control();

// The programs. They return what to exit with.
int serve(const ServeOptions& options);
int ctl(const CtlOptions& options);

// What ctl prints for the answer to a request (ctl_text.cc).
std::string ctl_text(const Json& request, const Json& result);

}  // namespace libcopyfile::daemon
