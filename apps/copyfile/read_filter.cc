#include "copyfile/read_filter.h"

#include <fmt/format.h>

#include "copyfile/input_file.h"
#include "copyfile/messages.h"
#include "copyfile/quote.h"

namespace libcopyfile::app {
namespace {

constexpr uint64_t kMostBytes = uint64_t{1} << 30;

bool add(const FilterWord& word, EndsIn ends, Filter& filter) {
  const Filter::Action action = word.include ? Filter::Action::include : Filter::Action::exclude;
  if (!word.is_file) {
    const Accepted accepted = filter.add(action, word.text);
    if (!accepted) {
      complain(fmt::format("invalid pattern {}: {}", app::quoted(word.text), accepted.error()));
    }
    return accepted.has_value();
  }
  const Parsed<InputFile> file = InputFile::read(word.text, kMostBytes, "a file of patterns");
  if (!file) {
    complain(file.error());
    return false;
  }
  const Accepted accepted = filter.add_all(action, file->text(), ends);
  if (!accepted) complain(fmt::format("{}: {}", file->name(), accepted.error()));
  return accepted.has_value();
}

}  // namespace

bool read_filter(const CpOptions& cp, Filter& filter) {
  const EndsIn ends = cp.from0 ? EndsIn::nul : EndsIn::newline;
  for (const FilterWord& word : cp.filter) {
    if (!add(word, ends, filter)) return false;
  }
  if (!cp.files_from) return true;
  const Parsed<InputFile> file = InputFile::read(*cp.files_from, kMostBytes, "a list of names");
  if (!file) {
    complain(file.error());
    return false;
  }
  auto list = NameList::parse(file->text(), ends, cp.said_recursive);
  if (!list) {
    complain(fmt::format("{}: {}", file->name(), list.error()));
    return false;
  }
  filter.set_list(std::move(*list));
  return true;
}

}  // namespace libcopyfile::app
