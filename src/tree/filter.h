// What of a tree is copied: rules in the manner of rsync(1), and a list of names. Made once, then asked by any number of
// threads.
//
// The first rule that matches a name decides; where none does, the name is included. A directory that is excluded is not
// entered, so nothing in it can be included. The pattern of a rule
//   - that ends in a slash matches directories only,
//   - that begins with a slash is matched against the whole path,
//   - that has another slash, or "**", in it is matched against the end of the path, from the beginning of any component,
//   - that has neither is matched against the last component;
// "dir/***" is the directory and all that is in it. Without any of * ? [ a pattern is compared as it is, backslashes too; with
// one it is a wildcard (tree/wildcard.h). Paths are those inside the source directory: "/a" is `a` in SRC, as for rsync where it
// is called with "SRC/". Otherwise than with rsync, the operands themselves are not asked about.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tree/entries.h"
#include "tree/name_list.h"
#include "tree/wildcard.h"

namespace libcopyfile {

class Filter {
 public:
  enum class Action : uint8_t { include, exclude };

  // A rule: the pattern, which may have "+ " or "- " in front, telling another action than this; "!" forgets all rules so far. An
  // empty one is none.
  Accepted add(Action action, std::string_view rule);
  // A file of rules, one an entry; empty ones and those that begin with '#' or ';' are passed over. The reason of a refusal begins
  // with the place: "line 3: ...".
  Accepted add_all(Action action, std::string_view text, EndsIn ends);
  // Nothing but what is listed, as far as the rules let it through.
  void set_list(NameList list) { list_ = std::move(list); }

  // Whether there is anything to ask.
  bool empty() const { return rules_.empty() && !list_; }
  // Whether more than the last component of a path is looked at.
  bool needs_path() const { return list_ || rules_need_path_; }

  // `path`: inside the source, not empty, without a slash at either end. Where needs_path() is false, any part of it that ends
  // in the last component will do.
  bool includes(std::string_view path, bool is_directory) const;
  // The same for a name in a directory ("" is the source itself): no path is put together unless one is needed.
  bool includes(std::string_view directory, std::string_view name, bool is_directory) const;

  // The names in a directory that can be included, where the list tells them: no others need be looked for, and one that is not
  // there is missing.
  std::optional<std::vector<std::string_view>> only(std::string_view directory) const;
  const NameList* list() const { return list_ ? &*list_ : nullptr; }

 private:
  // What a pattern is compared with.
  enum class Against : uint8_t {
    name,      // the last component
    path,      // from its beginning
    any_part,  // from the beginning of any component
    last_parts,
  };
  struct Rule {
    Action action = Action::include;
    bool directories_only = false;
    bool slash_before = false;  // "**/a" matches "a", too
    bool slash_behind = false;  // "a/***" matches the directory a, too
    Against against = Against::name;
    size_t parts = 1;     // how many of them are the last ones
    std::string literal;  // without wildcards
    std::optional<Wildcard> wildcard;
  };

  static Rule compile(Action action, std::string_view pattern);
  static bool matches(const Rule& rule, std::string_view path, bool is_directory);
  bool rules_include(std::string_view path, bool is_directory) const;
  bool way_is_included(std::string_view path, std::string_view listed) const;

  std::vector<Rule> rules_;
  std::optional<NameList> list_;
  bool rules_need_path_ = false;
};

}  // namespace libcopyfile
