#include "copyfile/sizes.h"

#include <fmt/format.h>

#include <optional>

#include "copyfile/quote.h"

namespace libcopyfile::app {
namespace {

using Wide = unsigned __int128;

constexpr std::string_view kLetters = "KMGTPE";
// More digits behind the point cannot make whole bytes: the finest is 1/2^60 of an E, which has 60 of them, but the
// sum must fit in 128 bits, and nobody writes more than this.
constexpr size_t kMaxFraction = 18;
constexpr std::string_view kKnown =
    "K M G T P E (powers of 1024) and KB MB GB TB PB EB (powers of 1000) are known";

bool is_digit(char c) { return c >= '0' && c <= '9'; }

uint64_t power(uint64_t base, size_t exponent) {
  uint64_t value = 1;
  while (exponent-- > 0) value *= base;
  return value;
}

// What a suffix multiplies by.
std::optional<uint64_t> unit(std::string_view suffix) {
  if (suffix.empty() || suffix == "B") return 1;
  const char first =
      suffix[0] >= 'a' && suffix[0] <= 'z' ? static_cast<char>(suffix[0] - 'a' + 'A') : suffix[0];
  const size_t index = kLetters.find(first);
  if (index == std::string_view::npos) return std::nullopt;
  const std::string_view rest = suffix.substr(1);
  if (rest.empty() || rest == "iB") return power(1024, index + 1);
  if (rest == "B") return power(1000, index + 1);
  return std::nullopt;
}

}  // namespace

Parsed<uint64_t> parse_size(std::string_view text) {
  if (text.empty()) return refuse("it is empty");
  if (text[0] == '-') return refuse("it is negative");
  size_t at = 0;
  Wide whole = 0;
  for (; at < text.size() && is_digit(text[at]); ++at) {
    whole = whole * 10 + static_cast<unsigned>(text[at] - '0');
    if (whole > UINT64_MAX) return refuse(std::string(kTooLarge));
  }
  if (at == 0) return refuse("it does not begin with a digit");

  Wide fraction = 0;
  uint64_t denominator = 1;
  if (at < text.size() && text[at] == '.') {
    const size_t begin = ++at;
    for (; at < text.size() && is_digit(text[at]); ++at) {
      if (at - begin == kMaxFraction) return refuse("too many digits behind the point");
      fraction = fraction * 10 + static_cast<unsigned>(text[at] - '0');
      denominator *= 10;
    }
    if (at == begin) return refuse("no digit behind the point");
  }

  const std::string_view suffix = text.substr(at);
  const std::optional<uint64_t> factor = unit(suffix);
  if (!factor) return refuse(fmt::format("unknown suffix {}: {}", app::quoted(suffix), kKnown));
  const Wide part = fraction * *factor;
  if (part % denominator != 0) return refuse("it is not a whole number of bytes");
  const Wide bytes = whole * *factor + part / denominator;
  if (bytes > UINT64_MAX) return refuse(std::string(kTooLarge));
  return static_cast<uint64_t>(bytes);
}

Parsed<uint64_t> parse_rate(std::string_view text) {
  if (text.ends_with("/s")) text.remove_suffix(2);
  const Parsed<uint64_t> rate = parse_size(text);
  if (rate && *rate == 0) return refuse("nothing would ever be copied");
  return rate;
}

std::string format_size(uint64_t bytes) {
  if (bytes < 1024) return std::to_string(bytes);
  size_t letter = 0;
  uint64_t factor = 1024;
  while (letter + 1 < kLetters.size() && bytes / 1024 >= factor) {
    factor *= 1024;
    ++letter;
  }
  // Rounding up may carry: 9.96K is 10K, 1023.5K is 1.0M.
  const auto rounded_up = [](Wide value, uint64_t divisor) {
    return static_cast<uint64_t>((value + divisor - 1) / divisor);
  };
  const uint64_t tenths = rounded_up(Wide{bytes} * 10, factor);
  if (tenths < 100) return fmt::format("{}.{}{}", tenths / 10, tenths % 10, kLetters[letter]);
  const uint64_t units = rounded_up(bytes, factor);
  if (units == 1024 && letter + 1 < kLetters.size())
    return fmt::format("1.0{}", kLetters[letter + 1]);
  return fmt::format("{}{}", units, kLetters[letter]);
}

}  // namespace libcopyfile::app
