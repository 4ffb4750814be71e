#include "testing/faults.h"

#include <fnmatch.h>

#include <algorithm>
#include <charconv>
#include <sstream>

#include "testing/errno_names.h"

namespace libcopyfile::test {
namespace {

std::optional<int64_t> number_from(std::string_view text) {
  int64_t value = 0;
  const int base = text.starts_with("0x") ? 16 : 10;
  if (base == 16) text.remove_prefix(2);
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (code != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool matches_name(const Rule& rule, std::string_view file) {
  return rule.file.empty() || fnmatch(rule.file.c_str(), std::string(file).c_str(), 0) == 0;
}

// The argument that a verb cannot do without.
std::string_view needed_key(Rule::Kind kind) {
  switch (kind) {
    case Rule::Kind::fail: return "errno";
    case Rule::Kind::delay: return "ms";
    case Rule::Kind::limit:
    case Rule::Kind::resize:
    case Rule::Kind::lie_size: return "bytes";
    case Rule::Kind::lie_seek: return "as";
    case Rule::Kind::drop:
    case Rule::Kind::flip: break;
  }
  return {};
}

bool read_head(std::istringstream& words, std::span<const std::string_view> operations, Rule& rule,
               bool& complete) {
  std::string verb;
  std::string object;
  words >> verb >> object;
  complete = false;
  if (verb == "lie") {
    rule.kind = object == "size" ? Rule::Kind::lie_size : Rule::Kind::lie_seek;
    return object == "size" || object == "seek";
  }
  rule.operation = object;
  const bool known = object == "any" ||
                     std::find(operations.begin(), operations.end(), object) != operations.end();
  if (!known) return false;
  if (verb == "fail")
    rule.kind = Rule::Kind::fail;
  else if (verb == "short" || verb == "zero")
    rule.kind = Rule::Kind::limit;
  else if (verb == "drop")
    rule.kind = Rule::Kind::drop;
  else if (verb == "flip" && (object == "read" || object == "write"))
    rule.kind = Rule::Kind::flip;
  else if (verb == "delay")
    rule.kind = Rule::Kind::delay;
  else if (verb == "resize")
    rule.kind = Rule::Kind::resize;
  else
    return false;
  complete = verb == "zero" || verb == "drop" || verb == "flip";
  return true;
}

bool read_pair(const std::string& key, const std::string& value, Rule& rule, bool& complete) {
  if (key == "file") {
    rule.file = value;
    return true;
  }
  if (key == "as") {
    rule.as_data = value == "data";
    complete = rule.kind == Rule::Kind::lie_seek;
    return complete && (value == "data" || value == "hole");
  }
  const std::optional<int64_t> number =
      key == "errno" ? errno_from_name(value) : number_from(value);
  if (!number) return false;
  const bool adds = key == "add" && rule.kind == Rule::Kind::lie_size;
  if (adds || (key == needed_key(rule.kind) && !complete)) {
    rule.number = *number;
    rule.relative = adds;
    complete = true;
    return adds || *number >= 0;
  }
  if (*number < 0) return false;
  const auto value_of = static_cast<uint64_t>(*number);
  if (key == "after")
    rule.after = value_of;
  else if (key == "every" && value_of > 0)
    rule.every = value_of;
  else if (key == "times")
    rule.times = value_of;
  else if (key == "at")
    rule.at = value_of;
  else
    return false;
  return true;
}

void apply(const Rule& rule, Verdict& verdict) {
  const auto number = static_cast<uint64_t>(rule.number);
  if (rule.kind == Rule::Kind::fail && verdict.error == 0) verdict.error = static_cast<int>(number);
  if (rule.kind == Rule::Kind::limit)
    verdict.limit = std::min(number, verdict.limit.value_or(number));
  if (rule.kind == Rule::Kind::drop) verdict.drop = true;
  if (rule.kind == Rule::Kind::flip) verdict.flip = true;
  if (rule.kind == Rule::Kind::delay) verdict.delay_ms = static_cast<int>(number);
  if (rule.kind == Rule::Kind::resize) verdict.resize = number;
}

}  // namespace

std::optional<Rule> parse_rule(std::string_view text,
                               std::span<const std::string_view> operations) {
  std::istringstream words{std::string(text)};
  Rule rule;
  bool complete = false;
  if (!read_head(words, operations, rule, complete)) return std::nullopt;
  for (std::string word; words >> word;) {
    const size_t equals = word.find('=');
    if (equals == std::string::npos) return std::nullopt;
    if (!read_pair(word.substr(0, equals), word.substr(equals + 1), rule, complete))
      return std::nullopt;
  }
  if (!complete) return std::nullopt;
  return rule;
}

Verdict Faults::judge(std::string_view operation, std::string_view file, uint64_t offset,
                      uint64_t length, bool counts_as_any) {
  Verdict verdict;
  for (Entry& entry : rules_) {
    const Rule& rule = entry.rule;
    const bool meant = rule.operation == operation || (counts_as_any && rule.operation == "any");
    if (!meant) continue;
    if (!matches_name(rule, file)) continue;
    if (rule.at && offset + std::max<uint64_t>(length, 1) <= *rule.at) continue;
    const uint64_t index = entry.matched++;
    if (index < rule.after || (index - rule.after) % rule.every != 0 ||
        entry.affected == rule.times)
      continue;
    ++entry.affected;
    apply(rule, verdict);
  }
  return verdict;
}

uint64_t Faults::told_size(std::string_view file, uint64_t true_size) const {
  for (const auto& [rule, matched, affected] : rules_) {
    if (rule.kind != Rule::Kind::lie_size || !matches_name(rule, file)) continue;
    const auto number = static_cast<uint64_t>(rule.number);
    return rule.relative ? true_size + number : number;  // a negative addend wraps as it should
  }
  return true_size;
}

std::optional<bool> Faults::told_data(std::string_view file) const {
  for (const auto& [rule, matched, affected] : rules_) {
    if (rule.kind == Rule::Kind::lie_seek && matches_name(rule, file)) return rule.as_data;
  }
  return std::nullopt;
}

}  // namespace libcopyfile::test
