#include "tree/backup_name.h"

#include <string_view>

namespace libcopyfile {
namespace {

// The number of "NAME.~N~" as text without leading zeros, empty if it is none. As text: a number has as many digits as it likes.
std::string_view number_of(std::string_view entry, std::string_view name) {
  constexpr std::string_view kBefore = ".~";
  if (!entry.starts_with(name)) return {};
  entry.remove_prefix(name.size());
  if (!entry.starts_with(kBefore) || !entry.ends_with('~') || entry.size() < 4) return {};
  entry.remove_prefix(kBefore.size());
  entry.remove_suffix(1);
  if (entry.front() == '0' || entry.find_first_not_of("0123456789") != std::string_view::npos) {
    return {};
  }
  return entry;
}

bool is_higher(std::string_view a, std::string_view b) {
  return a.size() != b.size() ? a.size() > b.size() : a > b;
}

std::string next(std::string number) {
  for (size_t i = number.size(); i-- > 0;) {
    if (number[i] != '9') {
      ++number[i];
      return number;
    }
    number[i] = '0';
  }
  return "1" + number;
}

}  // namespace

std::string backup_name(Names& names, int dir, const std::string& name, Backup kind,
                        const std::string& suffix) {
  if (kind == Backup::simple) return name + suffix;
  const size_t slash = name.rfind('/');
  const std::string parent = slash == std::string::npos ? "." : name.substr(0, slash + 1);
  const std::string_view base = slash == std::string::npos
                                    ? std::string_view{name}
                                    : std::string_view{name}.substr(slash + 1);
  std::string highest;
  // A directory that can't be read can't be searched for numbers: then it has none, as for cp.
  const Result<Fd> directory = names.open(dir, parent, Open::directory);
  if (directory) {
    const Result<std::vector<Entry>> entries = names.list(directory->get());
    if (entries) {
      for (const Entry& entry : *entries) {
        const std::string_view number = number_of(entry.name, base);
        if (!number.empty() && is_higher(number, highest)) highest = number;
      }
    }
  }
  if (highest.empty() && kind == Backup::existing) return name + suffix;
  return name + ".~" + next(highest) + "~";
}

}  // namespace libcopyfile
