#include "history.h"

#include <stdexcept>

namespace libcopyfile::test {
namespace {

constexpr size_t kBefore = SIZE_MAX;  // in Name::steps: was there before the first step

std::string in_words(const History::Name& name, const Seen& seen) {
  if (seen.matches == 0) return seen.what;
  std::string text = "version";
  for (size_t v = 0; v < name.versions.size(); ++v) {
    if ((seen.matches >> v & 1) != 0) text += " " + std::to_string(v);
  }
  return text;
}

}  // namespace

History::Name& History::find(const std::string& name) {
  const auto [found, is_new] = index_.try_emplace(name, names_.size());
  if (is_new) names_.push_back({name, {Version{}}, {kBefore}});
  return names_[found->second];
}

bool History::knows_below(const std::string& name) const {
  const auto next = index_.lower_bound(name + "/");
  return next != index_.end() && next->first.starts_with(name + "/");
}

void History::initially(const std::string& name, Version version) {
  find(name).versions.front() = std::move(version);
}

void History::add(const Step& step) {
  for (const auto& [name, version] : step.changes) {
    Name& entry = find(name);
    if (entry.versions.size() == 64) throw std::length_error("64 versions of " + name);
    entry.versions.push_back(version);
    entry.steps.push_back(steps_.size());
  }
  steps_.push_back(step);
}

size_t History::oldest(const Name& name, size_t ended) const {
  size_t durable = 0;
  for (size_t v = 1; v < name.versions.size(); ++v) {
    const size_t made_by = name.steps[v];
    if (made_by >= ended) break;
    bool stable = steps_[made_by].promise == Promise::durable;
    for (size_t later = made_by; later < ended && !stable; ++later) {
      stable = steps_[later].promise == Promise::settled;
    }
    if (stable) durable = v;
  }
  return durable;
}

Judgement History::judge(const Observation& seen, Moment moment) const {
  Judgement result;
  if (!seen.mount_error.empty()) return result;
  for (const std::string& strange : seen.strange) result.violations.push_back(strange);
  for (size_t i = 0; i < names_.size(); ++i) {
    const Name& name = names_[i];
    const size_t first = oldest(name, moment.ended);
    size_t last = first;
    bool promised = true;
    for (size_t v = first + 1; v < name.versions.size() && name.steps[v] < moment.begun; ++v) {
      last = v;
      promised = promised && steps_[name.steps[v]].promise != Promise::nothing;
    }
    const uint64_t allowed = (~uint64_t{0} >> (63 - last)) & ~((uint64_t{1} << first) - 1);
    if ((seen.names[i].matches & allowed) != 0) continue;
    if (!promised) {
      ++result.torn;
      continue;
    }
    result.violations.push_back(name.name + " shows " + in_words(name, seen.names[i]) +
                                "; it may show version " + std::to_string(first) + " to " +
                                std::to_string(last));
  }
  return result;
}

}  // namespace libcopyfile::test
