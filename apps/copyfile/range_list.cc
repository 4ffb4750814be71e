#include "copyfile/range_list.h"

#include <fmt/format.h>

#include <algorithm>

#include "copyfile/input_file.h"
#include "copyfile/range_syntax.h"

namespace libcopyfile::app {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

std::string located(std::string_view text, std::string_view name, const SyntaxError& error) {
  const std::string_view before = text.substr(0, static_cast<size_t>(error.at - text.data()));
  const auto line = std::count(before.begin(), before.end(), '\n') + 1;
  const size_t column = before.size() - (before.rfind('\n') + 1) + 1;  // npos + 1 is 0
  return fmt::format("{}:{}:{}: {}", name, line, column, error.reason);
}

bool is_json(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t\r\n\v\f");
  return first != std::string_view::npos && (text[first] == '[' || text[first] == '{');
}

}  // namespace

Parsed<std::vector<CopyRange>> parse_range_list(std::string_view text, std::string_view name) {
  std::string_view list = text;
  if (list.starts_with(kByteOrderMark)) list.remove_prefix(kByteOrderMark.size());
  Ranges ranges = is_json(list) ? parse_json(list) : parse_text(list);
  if (!ranges) return refuse(located(text, name, ranges.error()));
  return std::move(*ranges);
}

Parsed<std::vector<CopyRange>> read_range_list(const std::string& path, uint64_t max_bytes) {
  const Parsed<InputFile> file = InputFile::read(path, max_bytes, "a list of ranges");
  if (!file) return refuse(file.error());
  return parse_range_list(file->text(), file->name());
}

void resolve_to_end(std::vector<CopyRange>& ranges, uint64_t source_size) {
  for (CopyRange& r : ranges) {
    if (r.length == kToEnd) r.length = source_size - std::min(r.in, source_size);
  }
}

}  // namespace libcopyfile::app
