#include "tree/filter.h"

#include <algorithm>

namespace libcopyfile {
namespace {

constexpr char kSlash = '/';
constexpr auto kNowhere = std::string_view::npos;

std::string_view last_component(std::string_view path) {
  return path.substr(path.rfind(kSlash) + 1);
}

// Nothing where it has fewer.
std::optional<std::string_view> last_components(std::string_view path, size_t count) {
  size_t at = path.size();
  while (at > 0) {
    if (path[at - 1] == kSlash && --count == 0) return path.substr(at);
    --at;
  }
  if (count == 1) return path;
  return std::nullopt;
}

}  // namespace

Accepted Filter::add(Action action, std::string_view rule) {
  if (rule == "!") {
    rules_.clear();
    rules_need_path_ = false;
    return {};
  }
  const bool says_include = rule.starts_with("+ ");
  if (says_include || rule.starts_with("- ")) {
    action = says_include ? Action::include : Action::exclude;
    rule.remove_prefix(2);
    if (rule.empty()) return refused("no pattern behind the sign");
  }
  if (rule.empty()) return {};
  if (rule.size() > Wildcard::kMaxLength) {
    return refused("a pattern of more than " + std::to_string(Wildcard::kMaxLength) + " bytes");
  }
  if (rule.find('\0') != kNowhere) return refused("there is a NUL in it");
  rules_.push_back(compile(action, rule));
  if (rules_.back().against != Against::name) rules_need_path_ = true;
  return {};
}

Accepted Filter::add_all(Action action, std::string_view text, EndsIn ends) {
  return for_each_entry(text, ends, true, [&](std::string_view rule) { return add(action, rule); });
}

Filter::Rule Filter::compile(Action action, std::string_view pattern) {
  Rule rule;
  rule.action = action;
  rule.directories_only = pattern.size() > 1 && pattern.ends_with(kSlash);
  if (rule.directories_only) pattern.remove_suffix(1);
  // What rsync looks for is in the text: stars behind a backslash or between brackets count, too.
  const bool wild = pattern.find_first_of("*?[") != kNowhere;
  const size_t stars = pattern.find("**");
  rule.slash_before = stars == 0;
  rule.slash_behind = pattern.ends_with("***");
  const auto slashes = static_cast<size_t>(std::count(pattern.begin(), pattern.end(), kSlash));
  if (pattern.starts_with(kSlash)) {
    rule.against = Against::path;
    pattern.remove_prefix(1);
  } else if (stars != kNowhere) {
    rule.against = stars == 0 ? Against::path : Against::any_part;
  } else if (slashes > 0) {
    rule.against = Against::last_parts;
    rule.parts = slashes + 1;
  }
  if (wild) {
    rule.wildcard.emplace(pattern);
  } else {
    rule.literal = pattern;
  }
  return rule;
}

bool Filter::matches(const Rule& rule, std::string_view path, bool is_directory) {
  if (rule.directories_only && !is_directory) return false;
  if (rule.against == Against::name) {
    path = last_component(path);
  } else if (rule.against == Against::last_parts) {
    const std::optional<std::string_view> parts = last_components(path, rule.parts);
    if (!parts) return false;
    path = *parts;
  }
  if (!rule.wildcard) return path == rule.literal;
  return rule.wildcard->matches({rule.slash_before, path, rule.slash_behind && is_directory,
                                 rule.against == Against::any_part});
}

bool Filter::rules_include(std::string_view path, bool is_directory) const {
  for (const Rule& rule : rules_) {
    if (matches(rule, path, is_directory)) return rule.action == Action::include;
  }
  return true;
}

bool Filter::includes(std::string_view path, bool is_directory) const {
  if (!list_) return rules_include(path, is_directory);
  switch (list_->place_of(path)) {
    case NameList::Place::outside: return false;
    case NameList::Place::implied: return is_directory;
    case NameList::Place::listed:
      return rules_include(path, is_directory) || (is_directory && list_->leads_on(path));
    case NameList::Place::below:
      return rules_include(path, is_directory) && way_is_included(path, list_->above(path));
  }
  return false;
}

// A directory that the rules leave out may be entered nevertheless, on the way to what is listed: for the rest of what is in
// it they hold.
bool Filter::way_is_included(std::string_view path, std::string_view listed) const {
  for (size_t end = listed.size(); end != kNowhere; end = path.find(kSlash, end + 1)) {
    if (end > 0 && !rules_include(path.substr(0, end), true)) return false;
  }
  return true;
}

bool Filter::includes(std::string_view directory, std::string_view name, bool is_directory) const {
  if (directory.empty() || !needs_path()) return includes(name, is_directory);
  std::string path;
  path.reserve(directory.size() + 1 + name.size());
  path.append(directory).append(1, kSlash).append(name);
  return includes(path, is_directory);
}

std::optional<std::vector<std::string_view>> Filter::only(std::string_view directory) const {
  return list_ ? list_->only(directory) : std::nullopt;
}

}  // namespace libcopyfile
