#include "copyfile/store_options.h"

#include <fmt/format.h>
#include <getopt.h>

#include <array>
#include <charconv>
#include <cstring>

#include "copyfile/choice.h"
#include "copyfile/messages.h"
#include "copyfile/quote.h"
#include "copyfile/sizes.h"

namespace libcopyfile::app {
namespace {

using V = StoreVerb;

// How many operands there are, the repository among them.
struct VerbRow {
  V verb;
  const char* name;
  size_t least;
  size_t most;
};
constexpr size_t kAny = SIZE_MAX;
constexpr std::array kVerbs{VerbRow{V::init, "init", 1, 1},
                            VerbRow{V::add, "add", 2, kAny},
                            VerbRow{V::get, "get", 3, 3},
                            VerbRow{V::cat, "cat", 2, kAny},
                            VerbRow{V::export_names, "export", 1, 2},
                            VerbRow{V::verify, "verify", 1, kAny},
                            VerbRow{V::repair, "repair", 1, 1},
                            VerbRow{V::rebuild, "rebuild", 1, 1},
                            VerbRow{V::names, "names", 1, 2},
                            VerbRow{V::ls, "ls", 1, 1},
                            VerbRow{V::tag, "tag", 3, 3},
                            VerbRow{V::rm, "rm", 2, kAny},
                            VerbRow{V::gc, "gc", 1, 1},
                            VerbRow{V::stat, "stat", 2, kAny},
                            VerbRow{V::du, "du", 1, 1},
                            VerbRow{V::manifest, "manifest", 1, 1}};

constexpr uint32_t in(std::initializer_list<V> verbs) {
  uint32_t mask = 0;
  for (const V verb : verbs) mask |= 1U << static_cast<unsigned>(verb);
  return mask;
}
constexpr uint32_t kAll = (1U << kVerbs.size()) - 1;

enum Key : int {
  kMembers = 1000,
  kExpect,
  kChecksums,
  kName,
  kTag,
  kNamed,
  kPrefix,
  kMaxSize,
  kDurability,
  kReflink,
  kPreserve,
  kTrustSeal,
  kAs,
  kMedium,
  kSample,
  kResume,
  kNoQuarantine,
  kQuarantine,
  kFrom,
  kNames,
  kBlobsOnly,
  kGrace,
  kSign,
  kOutput,
  kCheck,
  kSigners,
  kIdentity,
  kUnsigned,
  kLimitRate,
  kProgress,
  kDryRun,
  kJson,
  kHelp,
};

struct OptionRow {
  option o;
  uint32_t verbs;
};
constexpr std::array kOptions{
    OptionRow{{"members", required_argument, nullptr, kMembers}, in({V::init})},
    OptionRow{{"expect", required_argument, nullptr, kExpect}, in({V::add})},
    OptionRow{{"checksums", required_argument, nullptr, kChecksums}, in({V::add})},
    OptionRow{{"name", required_argument, nullptr, kName}, in({V::add})},
    OptionRow{{"tag", required_argument, nullptr, kTag}, in({V::add})},
    OptionRow{{"named", no_argument, nullptr, kNamed}, in({V::add})},
    OptionRow{{"prefix", required_argument, nullptr, kPrefix},
              in({V::add, V::export_names, V::manifest})},
    OptionRow{{"recursive", no_argument, nullptr, 'r'}, in({V::add})},
    OptionRow{{"max-size", required_argument, nullptr, kMaxSize}, in({V::add})},
    OptionRow{{"durability", required_argument, nullptr, kDurability},
              in({V::get, V::export_names})},
    OptionRow{{"reflink", required_argument, nullptr, kReflink}, in({V::get})},
    OptionRow{{"preserve", no_argument, nullptr, kPreserve}, in({V::get})},
    OptionRow{{"trust-seal", no_argument, nullptr, kTrustSeal}, in({V::get})},
    OptionRow{{"as", required_argument, nullptr, kAs}, in({V::export_names})},
    OptionRow{{"medium", no_argument, nullptr, kMedium}, in({V::verify})},
    OptionRow{{"sample", required_argument, nullptr, kSample}, in({V::verify})},
    OptionRow{{"resume", no_argument, nullptr, kResume}, in({V::verify})},
    OptionRow{{"no-quarantine", no_argument, nullptr, kNoQuarantine}, in({V::verify})},
    OptionRow{{"quarantine", no_argument, nullptr, kQuarantine}, in({V::gc})},
    OptionRow{{"from", required_argument, nullptr, kFrom}, in({V::repair})},
    OptionRow{{"names", no_argument, nullptr, kNames}, in({V::repair})},
    OptionRow{{"blobs-only", no_argument, nullptr, kBlobsOnly}, in({V::rebuild})},
    OptionRow{{"grace", required_argument, nullptr, kGrace}, in({V::gc})},
    OptionRow{{"sign", required_argument, nullptr, kSign}, in({V::manifest})},
    OptionRow{{"output", required_argument, nullptr, kOutput}, in({V::manifest})},
    OptionRow{{"check", required_argument, nullptr, kCheck}, in({V::manifest})},
    OptionRow{{"signers", required_argument, nullptr, kSigners}, in({V::manifest})},
    OptionRow{{"identity", required_argument, nullptr, kIdentity}, in({V::manifest})},
    OptionRow{{"unsigned", no_argument, nullptr, kUnsigned}, in({V::manifest})},
    OptionRow{{"limit-rate", required_argument, nullptr, kLimitRate},
              in({V::add, V::get, V::export_names, V::verify, V::repair})},
    OptionRow{{"jobs", required_argument, nullptr, 'j'}, in({V::add, V::verify, V::repair})},
    OptionRow{{"progress", no_argument, nullptr, kProgress},
              in({V::add, V::get, V::export_names, V::verify, V::repair})},
    OptionRow{{"force", no_argument, nullptr, 'f'}, in({V::add, V::get, V::tag, V::rm})},
    OptionRow{{"dry-run", no_argument, nullptr, kDryRun}, in({V::gc})},
    OptionRow{{"verbose", no_argument, nullptr, 'v'},
              in({V::get, V::export_names, V::verify, V::repair, V::gc})},
    OptionRow{{"quiet", no_argument, nullptr, 'q'}, in({V::add})},
    OptionRow{{"json", no_argument, nullptr, kJson},
              in({V::add, V::get, V::verify, V::repair, V::names, V::ls, V::gc, V::stat, V::du,
                  V::manifest})},
    OptionRow{{"help", no_argument, nullptr, kHelp}, kAll},
};

constexpr std::array<Choice<store::Members>, 4> kMemberChoices{
    {{"owner", store::Members::owner},
     {"readers", store::Members::readers},
     {"group", store::Members::group},
     {"group-readers", store::Members::group_readers}}};
constexpr std::array<Choice<Durability>, 3> kDurabilityChoices{{{"none", Durability::none},
                                                                {"ordered", Durability::ordered},
                                                                {"durable", Durability::durable}}};
constexpr std::array<Choice<Sharing>, 3> kSharingChoices{
    {{"auto", Sharing::automatic}, {"always", Sharing::always}, {"never", Sharing::never}}};
constexpr std::array<Choice<ExportAs>, 3> kExportChoices{
    {{"tree", ExportAs::tree}, {"tar", ExportAs::tar}, {"sha256sums", ExportAs::sums}}};

bool invalid(std::string_view what, std::string_view argument, std::string_view reason) {
  usage_error(fmt::format("invalid {} {}: {}", what, app::quoted(argument), reason));
  return false;
}

// A number that is all of `text`; nothing for anything else.
std::optional<double> number(std::string_view text) {
  double value = 0;
  const char* const end = text.data() + text.size();
  const auto [at, code] = std::from_chars(text.data(), end, value, std::chars_format::fixed);
  if (code != std::errc() || at != end || text.empty()) return std::nullopt;
  return value;
}

bool take_digest(std::string_view argument, StoreOptions& o) {
  o.expected = parse_digest(argument);
  if (o.expected && o.expected->algorithm == Algorithm::sha256) return true;
  return invalid("digest", argument, "it should be 'sha256:' and 64 hexadecimal digits");
}

bool take_size(std::string_view argument, uint64_t& into) {
  const Parsed<uint64_t> size = parse_size(argument);
  if (!size) return invalid("size", argument, size.error());
  into = *size;
  return true;
}

bool take_rate(std::string_view argument, uint64_t& into) {
  const Parsed<uint64_t> rate = parse_rate(argument);
  if (!rate) return invalid("rate", argument, rate.error());
  into = *rate;
  return true;
}

bool take_sample(std::string_view argument, StoreOptions& o) {
  constexpr double kPercent = 100;
  std::string_view digits = argument;
  if (digits.ends_with('%')) digits.remove_suffix(1);
  const std::optional<double> percent = number(digits);
  if (!percent || *percent <= 0 || *percent > kPercent) {
    return invalid("sample", argument, "it is a part in percent, above 0 and up to 100");
  }
  o.sample = *percent / kPercent;
  return true;
}

bool take_jobs(std::string_view argument, StoreOptions& o) {
  constexpr unsigned kMost = 1024;
  const std::optional<double> jobs = number(argument);
  if (!jobs || *jobs < 1 || *jobs > kMost || *jobs != static_cast<unsigned>(*jobs)) {
    return invalid("number of jobs", argument, fmt::format("it is a number from 1 to {}", kMost));
  }
  o.jobs = static_cast<unsigned>(*jobs);
  return true;
}

bool take_grace(std::string_view argument, StoreOptions& o) {
  constexpr double kMost = 1e9;
  const std::optional<double> seconds = number(argument);
  if (!seconds || *seconds < 0 || *seconds > kMost) {
    return invalid("time", argument, "it is a number of seconds");
  }
  o.grace = *seconds;
  return true;
}

// One option; false if it was wrong and has been told.
bool take(int key, const char* argument, StoreOptions& o) {
  switch (key) {
    case kMembers: return choose("members", argument, kMemberChoices, o.members);
    case kExpect: return take_digest(argument, o);
    case kChecksums: o.checksum_files.emplace_back(argument); return true;
    case kName: o.name = argument; return true;
    case kTag: o.tags.emplace_back(argument); return true;
    case kNamed: o.named = true; return true;
    case kPrefix: o.prefix = argument; return true;
    case 'r': o.recursive = true; return true;
    case kMaxSize: return take_size(argument, o.most_bytes);
    case kDurability: {
      Durability level{};
      if (!choose("durability", argument, kDurabilityChoices, level)) return false;
      o.durability = level;
      return true;
    }
    case kReflink: return choose("reflink", argument, kSharingChoices, o.sharing);
    case kPreserve: o.preserve = true; return true;
    case kTrustSeal: o.trust_seal = true; return true;
    case kAs: return choose("as", argument, kExportChoices, o.export_as);
    case kMedium: o.medium = true; return true;
    case kSample: return take_sample(argument, o);
    case kResume: o.resume = true; return true;
    case kNoQuarantine: o.quarantine = false; return true;
    case kQuarantine: o.and_quarantine = true; return true;
    case kFrom: o.from.emplace_back(argument); return true;
    case kNames: o.take_names = true; return true;
    case kBlobsOnly: o.blobs_only = true; return true;
    case kGrace: return take_grace(argument, o);
    case kSign: o.sign_key = argument; return true;
    case kOutput: o.output = argument; return true;
    case kCheck: o.check = argument; return true;
    case kSigners: o.signers = argument; return true;
    case kIdentity: o.identity = argument; return true;
    case kUnsigned: o.unsigned_too = true; return true;
    case kLimitRate: return take_rate(argument, o.rate);
    case 'j': return take_jobs(argument, o);
    case kProgress: o.progress = ShowProgress::always; return true;
    case 'f': o.force = true; return true;
    case kDryRun: o.dry_run = true; return true;
    case 'v': o.verbose = true; return true;
    case 'q': o.quiet = true; return true;
    case kJson: o.json = true; return true;
    default: return false;
  }
}

const VerbRow& row_of(StoreVerb verb) { return kVerbs[static_cast<size_t>(verb)]; }

// What getopt_long(3) takes for this subcommand.
struct GetoptTables {
  std::vector<option> long_options;
  std::string short_options;
};
GetoptTables tables_of(StoreVerb verb) {
  GetoptTables tables;
  for (const OptionRow& row : kOptions) {
    if ((row.verbs & in({verb})) == 0) continue;
    tables.long_options.push_back(row.o);
    if (row.o.val >= kMembers) continue;
    tables.short_options += static_cast<char>(row.o.val);
    if (row.o.has_arg == required_argument) tables.short_options += ':';
  }
  tables.long_options.push_back({});
  return tables;
}

int contradiction(StoreVerb verb, const StoreOptions& o) {
  const bool one_file = o.operands.size() == 1 && !o.recursive;
  if (verb == V::add) {
    if (o.expected && !o.checksum_files.empty()) {
      return usage_error("cannot combine --expect and --checksums");
    }
    if (!one_file && (o.expected || !o.name.empty() || !o.tags.empty())) {
      return usage_error("--expect, --name and --tag go with one file");
    }
    if (!o.name.empty() && (o.named || !o.prefix.empty())) {
      return usage_error("cannot combine --name with --named or --prefix");
    }
    if (o.recursive && !o.checksum_files.empty()) {
      return usage_error("cannot combine --recursive and --checksums");
    }
  }
  if (verb == V::manifest) {
    if (!o.sign_key.empty() && o.output.empty()) return usage_error("--sign needs --output");
    if (o.check.empty() && (!o.signers.empty() || !o.identity.empty() || o.unsigned_too)) {
      return usage_error("--signers, --identity and --unsigned go with --check");
    }
    if (!o.check.empty()) {
      if (!o.output.empty()) return usage_error("cannot combine --check and --output");
      if (o.unsigned_too != o.signers.empty() || o.signers.empty() != o.identity.empty()) {
        return usage_error("--check needs --signers and --identity, or --unsigned");
      }
    }
  }
  if (verb == V::export_names) {
    if (o.export_as == ExportAs::none) return usage_error("--as is missing");
    if (o.export_as == ExportAs::tree && o.operands.empty()) {
      return usage_error("missing directory operand");
    }
  }
  return kOk;
}

}  // namespace

std::string_view name_of(StoreVerb verb) { return row_of(verb).name; }

std::optional<StoreVerb> find_store_verb(std::string_view name) {
  for (const VerbRow& row : kVerbs) {
    if (name == row.name) return row.verb;
  }
  return std::nullopt;
}

ParsedStoreOptions parse_store_options(StoreVerb verb, int argc, char** argv) {
  StoreOptions o;
  const GetoptTables tables = tables_of(verb);
  // The errors of getopt_long are headed by argv[0]: by the name that all other messages have.
  std::string name = program_name();
  argv[0] = name.data();
  optind = 0;
  for (;;) {
    // No other thread is there yet.  NOLINTNEXTLINE(concurrency-mt-unsafe)
    const int key = ::getopt_long(argc, argv, tables.short_options.c_str(),
                                  tables.long_options.data(), nullptr);
    if (key == -1) break;
    if (key == kHelp) {
      print(store_help(verb));
      return {{}, close_standard_output() ? kOk : kFailed};
    }
    if (key == '?') {
      print_help_hint();
      return {{}, kUsage};
    }
    if (!take(key, optarg, o)) return {{}, kUsage};
  }
  const auto count = static_cast<size_t>(argc - optind);
  const VerbRow& row = row_of(verb);
  if (count == 0) return {{}, usage_error("missing repository operand")};
  if (count < row.least) {
    return {{},
            usage_error(fmt::format("missing operand after {}",
                                    app::quoted(std::string_view(argv[argc - 1]))))};
  }
  if (count > row.most) {
    const std::string_view extra = argv[static_cast<size_t>(optind) + row.most];
    return {{}, usage_error(fmt::format("extra operand {}", app::quoted(extra)))};
  }
  o.repository = argv[optind];
  o.operands.assign(argv + optind + 1, argv + argc);
  if (const int bad = contradiction(verb, o); bad != kOk) return {{}, bad};
  return {std::move(o), kOk};
}

}  // namespace libcopyfile::app
