// What the two parsers of range_list.h share.
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "base/range.h"
#include "copyfile/range_list.h"

namespace libcopyfile::app {

// What is wrong, and where in the text.
struct SyntaxError {
  const char* at = nullptr;
  std::string reason;
};

using Ranges = tl::expected<std::vector<CopyRange>, SyntaxError>;

Ranges parse_text(std::string_view list);
Ranges parse_json(std::string_view text);

// Whether both sides of the range are file offsets (loff_t).
inline bool is_within_files(const CopyRange& r) {
  const uint64_t length = r.length == kToEnd ? 0 : r.length;
  return Range::at(r.in, length).has_value() && Range::at(r.out, length).has_value();
}

inline constexpr std::string_view kBeyondFiles =
    "the range ends behind the largest offset of a file";

}  // namespace libcopyfile::app
