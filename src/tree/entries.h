// Files of entries, one a line or each ended by a NUL: rules and names.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace libcopyfile {

enum class EndsIn : uint8_t { newline, nul };  // LF, CR or both; --from0

// What is refused has a reason, a phrase for behind the name of the file or the option.
using Accepted = tl::expected<void, std::string>;

inline tl::unexpected<std::string> refused(std::string reason) {
  return tl::unexpected<std::string>(std::move(reason));
}

// Calls `each` for every entry that is not empty; with `comments`, for those that begin with neither '#' nor ';'. Its refusal
// ends the reading, and gets the place of the entry put in front.
template <class F>
Accepted for_each_entry(std::string_view text, EndsIn ends, bool comments, F each) {
  const std::string_view enders = ends == EndsIn::nul ? std::string_view("\0", 1) : "\n\r";
  for (size_t number = 1; !text.empty(); ++number) {
    const size_t end = std::min(text.find_first_of(enders), text.size());
    const std::string_view entry = text.substr(0, end);
    const bool two = text.substr(end).starts_with("\r\n");
    text.remove_prefix(std::min(end + (two && ends == EndsIn::newline ? 2 : 1), text.size()));
    if (entry.empty() || (comments && (entry[0] == '#' || entry[0] == ';'))) continue;
    Accepted done =
        entry.find('\0') == std::string_view::npos ? each(entry) : refused("there is a NUL in it");
    if (done) continue;
    return refused((ends == EndsIn::nul ? "entry " : "line ") + std::to_string(number) + ": " +
                   done.error());
  }
  return {};
}

}  // namespace libcopyfile
