#include "copyfile/map_json.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace libcopyfile::app {
namespace {

std::string_view name_of(ExtentKind kind) {
  switch (kind) {
    case ExtentKind::data: return "data";
    case ExtentKind::hole: return "hole";
    case ExtentKind::unwritten: return "preallocated";
  }
  return "data";
}

std::string json_string(const std::string& text) {
  using Json = nlohmann::json;
  return Json(text).dump(-1, ' ', false, Json::error_handler_t::replace);
}

// As text of its own, not as a tree: a file of 100,000 extents is 9 MB of it.
void append(fmt::memory_buffer& out, const Piece& p, bool known) {
  const bool shared_known = known || p.kind == ExtentKind::hole;
  fmt::format_to(std::back_inserter(out),
                 R"({{"start": {}, "length": {}, "kind": "{}", "shared": {}, "physical": {}}})",
                 p.range.begin, p.range.length(), name_of(p.kind),
                 shared_known ? (p.shared ? "true" : "false") : "null",
                 p.physical ? std::to_string(*p.physical) : "null");
}

}  // namespace

std::string map_as_json(const FileMap& map) {
  const bool known = !map.refused;
  const auto if_known = [&](uint64_t value) {
    return known ? std::to_string(value) : std::string("null");
  };
  fmt::memory_buffer out;
  const auto end = std::back_inserter(out);
  fmt::format_to(end,
                 R"({{"file": {}, "size": {}, "allocated": {}, "fiemap": {}, "extent_count": {},)",
                 json_string(map.name), map.size, map.allocated, known, if_known(map.extents));
  fmt::format_to(end,
                 " \"bytes\": {{\"data\": {}, \"preallocated\": {}, \"hole\": {}, \"shared\": {}, "
                 "\"preallocated_behind_end\": {}}}, \"extents\": [",
                 map.data, if_known(map.preallocated), map.holes, if_known(map.shared),
                 if_known(map.behind_end));
  for (size_t i = 0; i < map.pieces.size(); ++i) {
    fmt::format_to(end, "{}", i > 0 ? ", " : "");
    append(out, map.pieces[i], known);
  }
  fmt::format_to(end, "]}}");
  return fmt::to_string(out);
}

}  // namespace libcopyfile::app
