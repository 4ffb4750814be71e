// JSON as the daemon writes it: members in the order in which they were given.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace libcopyfile::daemon {

using Json = nlohmann::ordered_json;

// One line, without the line feed. Names that came from outside may be no UTF-8: what is none is replaced.
inline std::string line_of(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace libcopyfile::daemon
