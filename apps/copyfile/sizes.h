// Sizes and rates as people write them on the command line and read them in reports.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace libcopyfile::app {

// A value from text, or the reason why there is none: "unknown suffix 'X'". The reason is a phrase for behind
// "copyfile: invalid size '4X': ", without a full stop.
template <class T>
using Parsed = tl::expected<T, std::string>;

inline tl::unexpected<std::string> refuse(std::string reason) {
  return tl::unexpected<std::string>(std::move(reason));
}

inline constexpr std::string_view kTooLarge = "it is larger than any file can be";

// Bytes: digits, perhaps a decimal fraction that comes out as whole bytes (1.5G), and a suffix. K M G T P E and
// KiB... are powers of 1024, KB MB... of 1000, as in GNU programs; B is bytes. The first letter may be small.
Parsed<uint64_t> parse_size(std::string_view text);

// Bytes a second: a size above 0, "/s" behind it or not.
Parsed<uint64_t> parse_rate(std::string_view text);

// At most four characters and a letter, powers of 1024, rounded up: what `ls -h` and `numfmt --to=iec` print.
// Rounding up never calls something empty that is not.
std::string format_size(uint64_t bytes);

}  // namespace libcopyfile::app
