// The options of `copyfile` and of its subcommands, with getopt_long(3): optional arguments, abbreviations, "--" and the
// messages are then the ones that users of cp know.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "copyfile/cp_options.h"
#include "copyfile/preserve.h"
#include "copyfile/progress.h"
#include "engine/check_copy.h"
#include "plan/options.h"
#include "publish/batch.h"

namespace libcopyfile::app {

enum class Verb : uint8_t { copy, range, probe, sweep };

struct Options {
  DataOptions data;
  std::optional<Durability> durability;
  SyncPolicy sync = SyncPolicy::automatic;
  uint64_t rate = 0;
  ShowProgress progress = ShowProgress::automatic;
  CpOptions cp;
  Preserve preserve;
  bool no_target_directory = false;
  std::optional<std::string> target_directory;
  bool overwrite_device = false;
  std::vector<std::string> no_offload;  // --no-offload, in order
  CheckOptions check;
  std::vector<std::string> checksum_files;  // --checksums, in order
  bool allow_changes = false;               // of a source, while it is read
  bool recursive = false;
  bool dry_run = false;
  bool force = false;
  bool verbose = false;
  bool debug = false;
  bool explain = false;
  bool json = false;
  std::vector<std::string> range_files;  // --ranges, in order
  std::vector<std::string> operands;
};

// Either options, or the status to exit with: after --help and --version (kOk) or a usage error, which has been told.
struct ParsedOptions {
  std::optional<Options> options;
  int exit = 0;
};
ParsedOptions parse_options(Verb verb, int argc, char** argv);

}  // namespace libcopyfile::app
