#include "tree/name_list.h"

#include <algorithm>

namespace libcopyfile {
namespace {

// A slash sorts before everything else, so that what is in a directory comes right behind it.
bool before(std::string_view a, std::string_view b) {
  const auto rank = [](char c) { return c == '/' ? 0 : 1 + static_cast<unsigned char>(c); };
  const auto [i, j] = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  if (j == b.end()) return false;
  return i == a.end() || rank(*i) < rank(*j);
}

bool is_below(std::string_view path, std::string_view directory) {
  if (directory.empty()) return !path.empty();
  return path.size() > directory.size() && path[directory.size()] == '/' &&
         path.starts_with(directory);
}

// `path` as seen from the directory that it is below.
std::string_view inside(std::string_view path, std::string_view directory) {
  return path.substr(directory.empty() ? 0 : directory.size() + 1);
}

}  // namespace

tl::expected<NameList, std::string> NameList::parse(std::string_view text, EndsIn ends,
                                                    bool recursive) {
  NameList list;
  list.recursive_ = recursive;
  list.text_.reserve(text.size());
  Accepted done = for_each_entry(text, ends, ends == EndsIn::newline,
                                 [&](std::string_view name) { return list.add(name); });
  if (!done) return refused(std::move(done.error()));
  if (list.entries_.size() >= kNone) return refused("too many names");
  list.arrange();
  return list;
}

Accepted NameList::add(std::string_view name) {
  const std::string_view last = name.substr(name.rfind('/') + 1);
  const bool contents = last.empty() || last == ".";
  const size_t begin = text_.size();
  while (!name.empty()) {
    const std::string_view component = name.substr(0, name.find('/'));
    name.remove_prefix(std::min(component.size() + 1, name.size()));
    if (component == "..") return refused("'..' leads out of the source");
    if (component.empty() || component == ".") continue;
    if (text_.size() > begin) text_.push_back('/');
    text_.insert(text_.end(), component.begin(), component.end());
  }
  entries_.push_back({{text_.data() + begin, text_.size() - begin}, kNone, contents});
  return {};
}

void NameList::arrange() {
  std::sort(entries_.begin(), entries_.end(), [](const Entry& a, const Entry& b) {
    if (a.path != b.path) return before(a.path, b.path);
    return a.contents && !b.contents;
  });
  // Of equal ones the first stays: the one that takes more.
  const auto last = std::unique(entries_.begin(), entries_.end(),
                                [](const Entry& a, const Entry& b) { return a.path == b.path; });
  entries_.erase(last, entries_.end());
  for (size_t i = 1; i < entries_.size(); ++i) {
    auto above = static_cast<uint32_t>(i - 1);
    while (above != kNone && !is_below(entries_[i].path, entries_[above].path)) {
      above = entries_[above].above;
    }
    entries_[i].above = above;
  }
}

std::vector<NameList::Entry>::const_iterator NameList::behind(std::string_view path) const {
  return std::upper_bound(
      entries_.begin(), entries_.end(), path,
      [](std::string_view wanted, const Entry& entry) { return before(wanted, entry.path); });
}

// All that lies between a directory and what is in it, in this order, is in it too: the entry just before `path` is the one
// that is asked for, or has it above itself.
const NameList::Entry* NameList::nearest_above(std::string_view path) const {
  const auto next = behind(path);
  if (next == entries_.begin()) return nullptr;
  const Entry* entry = &*(next - 1);
  while (!is_below(path, entry->path)) {
    if (entry->above == kNone) return nullptr;
    entry = &entries_[entry->above];
  }
  return entry;
}

bool NameList::leads_on(std::string_view path) const {
  const auto next = behind(path);
  return next != entries_.end() && is_below(next->path, path);
}

std::string_view NameList::above(std::string_view path) const {
  const Entry* entry = nearest_above(path);
  return entry == nullptr ? std::string_view() : entry->path;
}

NameList::Place NameList::place_of(std::string_view path) const {
  const auto next = behind(path);
  if (next != entries_.begin() && (next - 1)->path == path) return Place::listed;
  if (next != entries_.end() && is_below(next->path, path)) return Place::implied;
  const Entry* above = nearest_above(path);
  if (above == nullptr) return Place::outside;
  const bool taken = recursive_ || (above->contents &&
                                    inside(path, above->path).find('/') == std::string_view::npos);
  return taken ? Place::below : Place::outside;
}

bool NameList::takes_all(std::string_view directory) const {
  const auto next = behind(directory);
  const bool listed = next != entries_.begin() && (next - 1)->path == directory;
  if (listed) return recursive_ || (next - 1)->contents;
  return recursive_ && nearest_above(directory) != nullptr;
}

std::optional<std::vector<std::string_view>> NameList::only(std::string_view directory) const {
  if (takes_all(directory)) return std::nullopt;
  std::vector<std::string_view> names;
  for (auto at = behind(directory); at != entries_.end() && is_below(at->path, directory); ++at) {
    const std::string_view rest = inside(at->path, directory);
    const std::string_view name = rest.substr(0, rest.find('/'));
    if (names.empty() || names.back() != name) names.push_back(name);
  }
  return names;
}

}  // namespace libcopyfile
