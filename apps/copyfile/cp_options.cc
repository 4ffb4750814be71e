#include "copyfile/cp_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

#include "copyfile/backup.h"
#include "copyfile/choice.h"
#include "copyfile/options.h"

namespace libcopyfile::app {
namespace {

enum class Update : uint8_t { all, none, none_fail, older };
constexpr std::array<Choice<Update>, 4> kUpdateChoices{{{"all", Update::all},
                                                        {"none", Update::none},
                                                        {"none-fail", Update::none_fail},
                                                        {"older", Update::older}}};
constexpr std::array<Choice<bool>, 2> kOnErrorChoices{{{"stop", true}, {"continue", false}}};

// As of cp 9.5: what is said last counts, except that -n is stronger than a later --update.
bool take_update(const char* argument, CpOptions& cp) {
  if (argument == nullptr) {
    cp.only_newer = true;
    return true;
  }
  Update update{};
  if (!choose("update", argument, kUpdateChoices, update)) return false;
  if (cp.no_clobber) return true;
  cp.only_newer = update == Update::older;
  switch (update) {
    case Update::none: cp.when_there = WhenThere::skip; break;
    case Update::none_fail: cp.when_there = WhenThere::fail; break;
    case Update::all:
    case Update::older:
      if (cp.when_there != WhenThere::ask) cp.when_there = WhenThere::overwrite;
      break;
  }
  return true;
}

bool take_jobs(const char* argument, unsigned& jobs) {
  constexpr unsigned kMost = 256;
  const char* const end = argument + std::strlen(argument);
  unsigned value = 0;
  const auto parsed = std::from_chars(argument, end, value);
  if (parsed.ec == std::errc() && parsed.ptr == end && value >= 1 && value <= kMost) {
    jobs = value;
    return true;
  }
  usage_error(fmt::format("invalid number of jobs {}: it should be between 1 and {}",
                          app::quoted(argument), kMost));
  return false;
}

// What is made of each file, and which links are followed.
bool take_form(int code, Options& o) {
  CpOptions& cp = o.cp;
  switch (code) {
    case 'a':
      preserve_all_quietly(o.preserve);
      cp.follow = FollowLinks::never;
      o.recursive = true;
      return true;
    case 'd':
      o.preserve.links = true;
      cp.follow = FollowLinks::never;
      return true;
    case 'H': cp.follow = FollowLinks::operands; return true;
    case 'L': cp.follow = FollowLinks::always; return true;
    case 'P': cp.follow = FollowLinks::never; return true;
    case 'l': cp.hard_links = true; return true;
    case 's': cp.symbolic_links = true; return true;
    case kAttributesOnly: cp.attributes_only = true; return true;
    case kCopyContents: cp.copy_contents = true; return true;
    case 'x': cp.one_file_system = true; return true;
    default: return false;
  }
}

bool is_form(int code) {
  switch (code) {
    case kAttributesOnly:
    case kCopyContents: return true;
    default: return code < 256 && std::strchr("adHLPlsx", code) != nullptr;
  }
}

constexpr std::array<std::string_view, 28> kNamesInCp{"archive",         "attributes-only",
                                                      "backup",          "context",
                                                      "copy-contents",   "dereference",
                                                      "force",           "help",
                                                      "interactive",     "link",
                                                      "no-clobber",      "no-dereference",
                                                      "no-preserve",     "parents",
                                                      "one-file-system", "no-target-directory",
                                                      "preserve",        "recursive",
                                                      "reflink",         "remove-destination",
                                                      "sparse",          "suffix",
                                                      "symbolic-link",   "strip-trailing-slashes",
                                                      "update",          "verbose",
                                                      "version",         "target-directory"};

}  // namespace

std::string whole_name_in_cp(std::string_view argument) {
  if (!argument.starts_with("--") || argument.size() == 2) return {};
  const size_t end = std::min(argument.find('='), argument.size());
  const std::string_view name = argument.substr(2, end - 2);
  std::string_view found;
  for (const std::string_view whole : kNamesInCp) {
    if (!whole.starts_with(name)) continue;
    if (!found.empty()) return {};
    found = whole;
  }
  if (found.empty() || name.empty()) return {};
  return fmt::format("--{}{}", found, argument.substr(end));
}

bool take_cp_option(int code, const char* argument, Options& o) {
  CpOptions& cp = o.cp;
  if (is_form(code)) return take_form(code, o);
  switch (code) {
    case 'b': cp.make_backups = true; return true;
    case kBackup:
      cp.make_backups = true;
      if (argument != nullptr) cp.backup_control = argument;
      return true;
    case 'S':
      cp.make_backups = true;
      cp.backup_suffix = argument;
      return true;
    case 'i':
      cp.when_there = WhenThere::ask;
      cp.no_clobber = false;
      return true;
    case 'n':
      cp.when_there = WhenThere::skip;
      cp.no_clobber = true;
      return true;
    case 'u':
    case kUpdate: return take_update(argument, cp);
    case kRemoveDestination: cp.remove_destination = true; return true;
    case kParents: cp.parents = true; return true;
    case kStripTrailingSlashes: cp.strip_trailing_slashes = true; return true;
    case kKeepDirectoryLinks: cp.keep_directory_links = true; return true;
    case 'Z': cp.default_context = true; return true;
    case kContext:
      if (argument != nullptr) cp.context = argument;
      cp.default_context = cp.default_context || argument == nullptr;
      return true;
    case kInPlace: cp.in_place = true; return true;
    case kResume: cp.resume = true; return true;
    case 'j': return take_jobs(argument, cp.jobs);
    case kOnError: return choose("on-error", argument, kOnErrorChoices, cp.stop_on_error);
    case kExclude:
    case kInclude:
    case kExcludeFrom:
    case kIncludeFrom:
      cp.filter.push_back({code == kInclude || code == kIncludeFrom,
                           code == kExcludeFrom || code == kIncludeFrom, argument});
      return true;
    case kFilesFrom: cp.files_from = argument; return true;
    case kFrom0: cp.from0 = true; return true;
    default: return false;
  }
}

int settle_cp_options(Options& o) {
  CpOptions& cp = o.cp;
  if (cp.hard_links && cp.symbolic_links) {
    return usage_error("cannot make both hard and symbolic links");
  }
  if (cp.no_clobber) cp.only_newer = false;
  if (cp.make_backups && cp.no_clobber) {
    return usage_error("options --backup and --no-clobber are mutually exclusive");
  }
  if (cp.make_backups && cp.when_there == WhenThere::fail) {
    return usage_error("--backup is mutually exclusive with --update=none-fail");
  }
  if (cp.make_backups) {
    const std::optional<BackupChoice> backup = choose_backup(cp.backup_control, cp.backup_suffix);
    if (!backup) return usage_status();
    cp.backup = backup->kind;
    cp.suffix = backup->suffix;
  }
  if (cp.resume && (cp.hard_links || cp.symbolic_links || cp.attributes_only)) {
    return usage_error(
        "--resume is for copies: not with --link, --symbolic-link, --attributes-only");
  }
  if (cp.resume && (cp.backup != Backup::none || cp.remove_destination)) {
    return usage_error("cannot combine --resume with --backup or --remove-destination");
  }
  if ((!cp.filter.empty() || cp.files_from) && !o.recursive) {
    return usage_error("--exclude, --include and --files-from go with --recursive (-r)");
  }
  if (is_cp()) {
    // Whoever calls cp has said all that he knows of: nothing is waited for, and devices are written to.
    cp.in_place = true;
    if (!o.durability) o.durability = Durability::none;
    o.overwrite_device = true;
  }
  return kOk;
}

}  // namespace libcopyfile::app
