// What cp(1) has options for, and what else concerns trees: as it was said. What follows from it is in tree_setup.h.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tree/tree_options.h"

namespace libcopyfile::app {

struct Options;

// Of an existing destination: the last of -i, -n and --update=none, --update=none-fail.
enum class WhenThere : uint8_t { overwrite, ask, skip, fail };

// One of --exclude, --include, --exclude-from, --include-from: their order matters.
struct FilterWord {
  bool include = false;
  bool is_file = false;  // `text` names a file of patterns
  std::string text;
};

struct CpOptions {
  // What is copied.
  std::optional<FollowLinks> follow;
  bool one_file_system = false;
  bool copy_contents = false;
  std::vector<FilterWord> filter;
  std::optional<std::string> files_from;
  bool from0 = false;  // names and patterns in files end in NUL
  bool said_recursive =
      false;  // -r itself: then directories that --files-from names come with what is in them

  // What is made of it.
  bool hard_links = false;
  bool symbolic_links = false;
  bool attributes_only = false;
  bool default_context = false;  // -Z
  std::optional<std::string> context;

  // Where it goes.
  bool parents = false;
  bool strip_trailing_slashes = false;
  bool keep_directory_links = false;

  // What becomes of what is there.
  WhenThere when_there = WhenThere::overwrite;
  bool no_clobber = false;  // -n: a later --update=WHEN has nothing to say
  bool only_newer = false;  // -u
  bool remove_destination = false;
  bool make_backups = false;
  std::optional<std::string> backup_control;
  std::optional<std::string> backup_suffix;
  Backup backup = Backup::none;
  std::string suffix = "~";

  // How it comes to be there.
  bool in_place = false;
  bool resume = false;
  bool stop_on_error = false;
  unsigned jobs = 0;
};

// The codes of long options that have no letter; those of options.cc begin at 256.
enum CpOption : int {
  kAttributesOnly = 512,
  kBackup,
  kCopyContents,
  kParents,
  kRemoveDestination,
  kStripTrailingSlashes,
  kKeepDirectoryLinks,
  kUpdate,
  kContext,
  kInPlace,
  kResume,
  kOnError,
  kExclude,
  kInclude,
  kExcludeFrom,
  kIncludeFrom,
  kFilesFrom,
  kFrom0,
};

// "--l" is --link to cp, and here the beginning of --limit-rate as well: what cp would understand, in whole words. Empty for all
// else.
std::string whole_name_in_cp(std::string_view argument);
// One option; false if it was wrong and has been told.
bool take_cp_option(int code, const char* argument, Options& o);
// When all are known: contradictions, and what some of them mean for others. An exit status; kOk: go on.
int settle_cp_options(Options& o);

}  // namespace libcopyfile::app
