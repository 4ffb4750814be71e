#include "copyfile/options.h"

#include <fmt/format.h>
#include <getopt.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <deque>

#include "copyfile/choice.h"
#include "copyfile/help.h"
#include "copyfile/messages.h"
#include "copyfile/quote.h"
#include "copyfile/sizes.h"
#include "sys/iscsi_url.h"

namespace libcopyfile::app {
namespace {

enum LongOption : int {
  kReflink = 256,
  kSparse,
  kOffload,
  kNoOffload,
  kCache,
  kDurability,
  kSync,
  kExact,
  kRanges,
  kExplain,
  kJson,
  kProgress,
  kLimitRate,
  kDebug,
  kDryRun,
  kOverwriteDevice,
  kPreserve,
  kNoPreserve,
  kDigest,
  kExpect,
  kChecksums,
  kVerify,
  kAllowChanges,
  kHelp,
  kVersion,
};

constexpr option kLongOptions[] = {
    {"reflink", optional_argument, nullptr, kReflink},
    {"sparse", required_argument, nullptr, kSparse},
    {"offload", required_argument, nullptr, kOffload},
    {"no-offload", required_argument, nullptr, kNoOffload},
    {"cache", required_argument, nullptr, kCache},
    {"durability", required_argument, nullptr, kDurability},
    {"sync", required_argument, nullptr, kSync},
    {"exact", no_argument, nullptr, kExact},
    {"ranges", required_argument, nullptr, kRanges},
    {"explain", no_argument, nullptr, kExplain},
    {"json", no_argument, nullptr, kJson},
    {"progress", no_argument, nullptr, kProgress},
    {"limit-rate", required_argument, nullptr, kLimitRate},
    {"debug", no_argument, nullptr, kDebug},
    {"dry-run", no_argument, nullptr, kDryRun},
    {"recursive", no_argument, nullptr, 'r'},
    {"overwrite-device", no_argument, nullptr, kOverwriteDevice},
    {"preserve", optional_argument, nullptr, kPreserve},
    {"no-preserve", required_argument, nullptr, kNoPreserve},
    {"digest", required_argument, nullptr, kDigest},
    {"expect", required_argument, nullptr, kExpect},
    {"checksums", required_argument, nullptr, kChecksums},
    {"verify", no_argument, nullptr, kVerify},
    {"allow-changes", no_argument, nullptr, kAllowChanges},
    {"archive", no_argument, nullptr, 'a'},
    {"attributes-only", no_argument, nullptr, kAttributesOnly},
    {"backup", optional_argument, nullptr, kBackup},
    {"copy-contents", no_argument, nullptr, kCopyContents},
    {"dereference", no_argument, nullptr, 'L'},
    {"force", no_argument, nullptr, 'f'},
    {"interactive", no_argument, nullptr, 'i'},
    {"keep-directory-symlink", no_argument, nullptr, kKeepDirectoryLinks},
    {"link", no_argument, nullptr, 'l'},
    {"no-clobber", no_argument, nullptr, 'n'},
    {"no-dereference", no_argument, nullptr, 'P'},
    {"one-file-system", no_argument, nullptr, 'x'},
    {"parents", no_argument, nullptr, kParents},
    {"remove-destination", no_argument, nullptr, kRemoveDestination},
    {"strip-trailing-slashes", no_argument, nullptr, kStripTrailingSlashes},
    {"suffix", required_argument, nullptr, 'S'},
    {"symbolic-link", no_argument, nullptr, 's'},
    {"update", optional_argument, nullptr, kUpdate},
    {"context", optional_argument, nullptr, kContext},
    {"in-place", no_argument, nullptr, kInPlace},
    {"resume", no_argument, nullptr, kResume},
    {"jobs", required_argument, nullptr, 'j'},
    {"on-error", required_argument, nullptr, kOnError},
    {"exclude", required_argument, nullptr, kExclude},
    {"include", required_argument, nullptr, kInclude},
    {"exclude-from", required_argument, nullptr, kExcludeFrom},
    {"include-from", required_argument, nullptr, kIncludeFrom},
    {"files-from", required_argument, nullptr, kFilesFrom},
    {"from0", no_argument, nullptr, kFrom0},
    {"no-target-directory", no_argument, nullptr, 'T'},
    {"target-directory", required_argument, nullptr, 't'},
    {"verbose", no_argument, nullptr, 'v'},
    {"help", no_argument, nullptr, kHelp},
    {"version", no_argument, nullptr, kVersion},
    {nullptr, 0, nullptr, 0},
};

constexpr std::array<Choice<Sharing>, 3> kSharing{
    {{"auto", Sharing::automatic}, {"always", Sharing::always}, {"never", Sharing::never}}};
constexpr std::array<Choice<Sparse>, 3> kSparseChoices{
    {{"auto", Sparse::automatic}, {"always", Sparse::always}, {"never", Sparse::never}}};
constexpr std::array<Choice<Offload>, 2> kOffloadChoices{
    {{"auto", Offload::automatic}, {"always", Offload::always}}};
constexpr std::array<Choice<CachePolicy>, 3> kCacheChoices{{{"auto", CachePolicy::automatic},
                                                            {"keep", CachePolicy::keep},
                                                            {"bypass", CachePolicy::bypass}}};
constexpr std::array<Choice<Durability>, 3> kDurabilityChoices{{{"none", Durability::none},
                                                                {"ordered", Durability::ordered},
                                                                {"durable", Durability::durable}}};
constexpr std::array<Choice<Algorithm>, 2> kDigestChoices{
    {{"sha256", Algorithm::sha256}, {"xxh3", Algorithm::xxh3_128}}};

bool take_expected(const char* argument, CheckOptions& check) {
  check.expected = parse_digest(argument);
  if (check.expected) return true;
  usage_error(
      fmt::format("invalid digest {}: it should be 'sha256:' and 64 hexadecimal digits, or 'xxh3:' "
                  "and 32",
                  app::quoted(argument)));
  return false;
}

constexpr std::array<Choice<SyncPolicy>, 3> kSyncChoices{{{"auto", SyncPolicy::automatic},
                                                          {"files", SyncPolicy::files},
                                                          {"filesystem", SyncPolicy::file_system}}};

constexpr const char* kPreserved = "mode,ownership,timestamps";

bool take_rate(const char* argument, uint64_t& rate) {
  const Parsed<uint64_t> parsed = parse_rate(argument);
  if (!parsed) {
    usage_error(fmt::format("invalid rate {}: {}", app::quoted(argument), parsed.error()));
    return false;
  }
  rate = *parsed;
  return true;
}

// One option; false if it was wrong and has been told.
bool take(int code, const char* argument, Options& o) {
  switch (code) {
    case kReflink:
      if (argument == nullptr) {
        o.data.sharing = Sharing::always;
        return true;
      }
      return choose("reflink", argument, kSharing, o.data.sharing);
    case kSparse: return choose("sparse", argument, kSparseChoices, o.data.sparse);
    case kOffload: return choose("offload", argument, kOffloadChoices, o.data.offload);
    case kNoOffload: o.no_offload.emplace_back(argument); return true;
    case kCache: return choose("cache", argument, kCacheChoices, o.data.cache);
    case kDurability: {
      Durability level{};
      if (!choose("durability", argument, kDurabilityChoices, level)) return false;
      o.durability = level;
      return true;
    }
    case kSync: return choose("sync", argument, kSyncChoices, o.sync);
    case kExact: o.data.exact = true; return true;
    case kRanges: o.range_files.emplace_back(argument); return true;
    case kExplain: o.explain = true; return true;
    case kJson: o.json = true; return true;
    case kProgress: o.progress = ShowProgress::always; return true;
    case kLimitRate: return take_rate(argument, o.rate);
    case kDebug: o.debug = o.verbose = true; return true;
    case kOverwriteDevice: o.overwrite_device = true; return true;
    case kDigest: return choose("digest", argument, kDigestChoices, o.check.digest);
    case kExpect: return take_expected(argument, o.check);
    case kChecksums: o.checksum_files.emplace_back(argument); return true;
    case kVerify: o.check.verify = true; return true;
    case kAllowChanges: o.allow_changes = true; return true;
    case kDryRun: o.dry_run = true; return true;
    case 'R':
    case 'r': o.recursive = o.cp.said_recursive = true; return true;
    case 'f': o.force = true; return true;
    case kPreserve: return add_preserved(argument != nullptr ? argument : kPreserved, o.preserve);
    case 'p': return add_preserved(kPreserved, o.preserve);
    case kNoPreserve: return remove_preserved(argument, o.preserve);
    case 'T': o.no_target_directory = true; return true;
    case 't':
      if (o.target_directory) {
        complain("multiple target directories specified");
        return false;
      }
      o.target_directory = argument;
      return true;
    case 'v': o.verbose = true; return true;
    default: return take_cp_option(code, argument, o);
  }
}

// What a process was called with, everybody may read.
void hide_secrets(char* argument) {
  if (!is_iscsi_url(argument)) return;
  const std::string shown = without_secrets(argument);
  const size_t length = std::strlen(argument);
  std::fill_n(argument, length, '\0');
  std::copy_n(shown.begin(), std::min(shown.size(), length), argument);
}

bool belongs(Verb verb, int code) {
  if (code == kHelp || code == kVersion) return true;
  if (verb == Verb::sweep) {
    return code == 'r' || code == 'f' || code == 'v' || code == kDryRun || code == kJson;
  }
  switch (code) {
    case kExact:
    case kRanges: return verb == Verb::range;
    case kReflink:
    case kSparse:
    case kOffload:
    case kNoOffload:
    case kCache:
    case kJson: return true;
    case kExplain:
    case kProgress:
    case kLimitRate:
    case kDurability:
    case 'v':
    case kOverwriteDevice: return verb != Verb::probe;
    default: return verb == Verb::copy;
  }
}

int contradiction(const Options& o) {
  if (o.data.sharing == Sharing::always && o.data.sparse != Sparse::automatic) {
    return usage_error("--reflink can be used only with --sparse=auto");
  }
  const CheckOptions& check = o.check;
  if (check.expected && !o.checksum_files.empty()) {
    return usage_error("cannot combine --expect and --checksums");
  }
  if (check.expected && check.digest != Algorithm::none &&
      check.digest != check.expected->algorithm) {
    return usage_error("--digest and --expect name different algorithms");
  }
  return kOk;
}

}  // namespace

ParsedOptions parse_options(Verb verb, int argc, char** argv) {
  Options o;
  // The errors of getopt_long are headed by argv[0]: by the name that all other messages have.
  if (verb != Verb::copy) set_verb(argv[0]);
  std::string name = program_name();
  argv[0] = name.data();
  const char* short_options = verb == Verb::copy    ? "abdfHij:lLnprst:uvxPRS:TZ"
                              : verb == Verb::sweep ? "frv"
                                                    : "v";
  std::deque<std::string> whole_names;  // argv points into them
  for (int i = 1; i < argc && is_cp() && std::strcmp(argv[i], "--") != 0; ++i) {
    const std::string whole = whole_name_in_cp(argv[i]);
    if (!whole.empty()) argv[i] = whole_names.emplace_back(whole).data();
  }
  optind = 0;
  for (;;) {
    int index = -1;
    // No other thread is there yet.  NOLINTNEXTLINE(concurrency-mt-unsafe)
    const int code = ::getopt_long(argc, argv, short_options, kLongOptions, &index);
    if (code == -1) break;
    if (code == kHelp) {
      print(help_text(verb));
      return {{}, close_standard_output() ? kOk : kFailed};
    }
    if (code == kVersion) {
      print(fmt::format("copyfile {}\n", COPYFILE_VERSION));
      return {{}, close_standard_output() ? kOk : kFailed};
    }
    if (code == '?') {
      print_help_hint();
      return {{}, usage_status()};
    }
    if (!belongs(verb, code)) {
      const std::string option = index >= 0 ? fmt::format("--{}", kLongOptions[index].name)
                                            : fmt::format("-{}", static_cast<char>(code));
      return {{}, usage_error(fmt::format("option '{}' does not go with this command", option))};
    }
    if (!take(code, optarg, o)) return {{}, usage_status()};
  }
  for (int i = optind; i < argc; ++i) {
    o.operands.emplace_back(argv[i]);
    hide_secrets(argv[i]);
  }
  if (const int bad = contradiction(o); bad != kOk) return {{}, bad};
  if (verb == Verb::copy) {
    if (const int bad = settle_cp_options(o); bad != kOk) return {{}, bad};
  }
  settle(o.preserve);
  return {std::move(o), kOk};
}

}  // namespace libcopyfile::app
