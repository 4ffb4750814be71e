#include "tree/hard_links.h"

#include <utility>

namespace libcopyfile {

HardLinks::Turn HardLinks::arrive(const LinkName& name, LinkName& original) {
  const std::lock_guard lock(mutex_);
  const auto [entry, first] = files_.try_emplace(key(name.source));
  File& file = entry->second;
  if (first) {
    file.to_come = name.source.links - 1;
    return Turn::copy;
  }
  if (file.to_come > 0) --file.to_come;
  if (!file.original && !file.under_way) {
    file.under_way = true;
    return Turn::copy;
  }
  if (!file.original) {
    file.waiting.push_back(name);
    return Turn::wait;
  }
  original = *file.original;
  if (file.to_come == 0) files_.erase(entry);
  return Turn::link;
}

std::vector<LinkName> HardLinks::done(const LinkName& name) {
  const std::lock_guard lock(mutex_);
  const auto entry = files_.find(key(name.source));
  if (entry == files_.end()) return {};
  File& file = entry->second;
  file.original = name;
  std::vector<LinkName> waiting = std::exchange(file.waiting, {});
  if (file.to_come == 0) files_.erase(entry);
  return waiting;
}

std::optional<LinkName> HardLinks::failed(const FileStat& source) {
  const std::lock_guard lock(mutex_);
  const auto entry = files_.find(key(source));
  if (entry == files_.end()) return {};
  File& file = entry->second;
  if (file.waiting.empty()) {
    files_.erase(entry);
    return {};
  }
  LinkName next = std::move(file.waiting.back());
  file.waiting.pop_back();
  ++file.to_come;
  file.under_way = false;
  return next;
}

}  // namespace libcopyfile
