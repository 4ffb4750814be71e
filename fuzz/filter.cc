// Rules and lists of names. The input: how it ends its entries, whether it is recursive, how many bytes of it are rules, those,
// and names. Whatever comes in, no pattern takes long, a path and its parts get one answer, and the list, its places and what it
// offers for a directory agree.
#include "tree/filter.h"

#include <algorithm>
#include <cstdlib>

using libcopyfile::EndsIn;
using libcopyfile::Filter;
using libcopyfile::NameList;

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

void check_path(const Filter& filter, std::string_view path) {
  const size_t slash = path.rfind('/');
  const bool top = slash == std::string_view::npos;
  const std::string_view directory = top ? "" : path.substr(0, slash);
  const std::string_view name = top ? path : path.substr(slash + 1);
  for (const bool is_directory : {false, true}) {
    const bool answer = filter.includes(path, is_directory);
    require(filter.includes(directory, name, is_directory) == answer);
    require(filter.needs_path() || filter.includes(name, is_directory) == answer);
  }
}

void check_list(const NameList& list) {
  for (size_t i = 0; i < list.size(); ++i) {
    std::string_view path = list[i];
    require(list.place_of(path) == NameList::Place::listed);
    while (!path.empty()) {
      const size_t slash = path.rfind('/');
      const bool top = slash == std::string_view::npos;
      const std::string_view directory = top ? "" : path.substr(0, slash);
      const std::string_view name = top ? path : path.substr(slash + 1);
      require(!name.empty() && name != "." && name != "..");
      const auto names = list.only(directory);
      require(!names || std::find(names->begin(), names->end(), name) != names->end());
      const NameList::Place place = list.place_of(directory);
      require(place == NameList::Place::implied || place == NameList::Place::listed);
      path = directory;
    }
    // Long lists of long paths would be looked through once for each: the first tell enough.
    if (i == 20) return;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const EndsIn ends = (data[0] & 1) != 0 ? EndsIn::nul : EndsIn::newline;
  const bool recursive = (data[0] & 2) != 0;
  const size_t cut = std::min<size_t>(size_t{data[1]} * 16, size - 2);
  const std::string_view text(reinterpret_cast<const char*>(data) + 2, size - 2);
  Filter filter;
  const auto action = (data[0] & 4) != 0 ? Filter::Action::include : Filter::Action::exclude;
  if (!filter.add_all(action, text.substr(0, cut), ends)) filter = Filter();
  const auto list = NameList::parse(text.substr(cut), ends, recursive);
  if (!list) {
    require(!list.error().empty() && list.error().size() < 200);
    return 0;
  }
  for (size_t i = 0; i < list->size() && i < 20; ++i) {
    if (!(*list)[i].empty()) check_path(filter, (*list)[i]);
  }
  check_list(*list);
  if ((data[0] & 8) == 0) return 0;
  const std::string names(text.substr(cut));
  filter.set_list(*NameList::parse(names, ends, recursive));
  for (size_t i = 0; i < list->size() && i < 20; ++i) {
    if (!(*list)[i].empty()) check_path(filter, (*list)[i]);
  }
  return 0;
}
