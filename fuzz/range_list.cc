// Lists of ranges, text and JSON. Whatever comes in, what comes out is a message that names a place, or ranges that are
// file offsets; and printing ranges and reading them again gives the same ones.
#include "copyfile/range_list.h"

#include <fmt/format.h>

#include <cstdlib>

using libcopyfile::CopyRange;
using libcopyfile::kMaxOffset;
using libcopyfile::app::kToEnd;
using libcopyfile::app::parse_range;
using libcopyfile::app::parse_range_list;

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

bool within_files(const CopyRange& r) {
  const uint64_t length = r.length == kToEnd ? 0 : r.length;
  return r.in <= kMaxOffset && r.out <= kMaxOffset && length <= kMaxOffset - r.in &&
         length <= kMaxOffset - r.out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)parse_range(text);
  const auto ranges = parse_range_list(text, "list");
  if (!ranges) {
    require(ranges.error().starts_with("list:") && ranges.error().size() < 1000);
    require(ranges.error().find('\n') == std::string::npos);
    return 0;
  }
  std::string printed;
  for (const CopyRange& r : *ranges) {
    require(within_files(r));
    printed += r.length == kToEnd ? fmt::format("{}:{}:-\n", r.in, r.out)
                                  : fmt::format("{}:{}:{}\n", r.in, r.out, r.length);
  }
  const auto again = parse_range_list(printed, "list");
  require(again && *again == *ranges);
  return 0;
}
