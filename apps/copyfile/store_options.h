// What `copyfile store` can do, and the options of each.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "copyfile/progress.h"
#include "plan/options.h"
#include "publish/batch.h"
#include "store/format.h"
#include "verify/digest.h"

namespace libcopyfile::app {

enum class StoreVerb : uint8_t {
  init,
  add,
  get,
  cat,
  export_names,
  verify,
  repair,
  rebuild,
  names,
  ls,
  tag,
  rm,
  gc,
  stat,
  du,
  manifest,
};

enum class ExportAs : uint8_t { none, tree, tar, sums };

struct StoreOptions {
  std::string repository;
  std::vector<std::string> operands;  // behind the repository

  std::optional<Digest> expected;
  std::vector<std::string> checksum_files;
  std::string name;
  std::vector<std::string> tags;
  std::string prefix;
  uint64_t most_bytes = UINT64_MAX;
  std::vector<std::string> from;
  double sample = 1.0;
  double grace = 0;  // seconds

  // Of manifests.
  std::string sign_key;
  std::string output;
  std::string check;
  std::string signers;
  std::string identity;

  uint64_t rate = 0;
  unsigned jobs = 0;
  std::optional<Durability> durability;
  store::Members members = store::Members::readers;
  Sharing sharing = Sharing::automatic;
  ExportAs export_as = ExportAs::none;
  ShowProgress progress = ShowProgress::automatic;
  bool named = false;  // each by its last component
  bool recursive = false;
  bool preserve = false;
  bool trust_seal = false;
  bool take_names = false;
  bool medium = false;
  bool resume = false;
  bool quarantine = true;       // of verify
  bool and_quarantine = false;  // of gc
  bool blobs_only = false;
  bool unsigned_too = false;
  bool force = false;
  bool dry_run = false;
  bool verbose = false;
  bool quiet = false;
  bool json = false;
};

std::string_view name_of(StoreVerb verb);
// Nothing: there is no such subcommand.
std::optional<StoreVerb> find_store_verb(std::string_view name);

// The help text of `copyfile store` itself and of one subcommand.
std::string_view store_help();
std::string_view store_help(StoreVerb verb);

// Either options, or the status to exit with; what is wrong has been told. argv[0] is the subcommand.
struct ParsedStoreOptions {
  std::optional<StoreOptions> options;
  int exit = 0;
};
ParsedStoreOptions parse_store_options(StoreVerb verb, int argc, char** argv);

}  // namespace libcopyfile::app
