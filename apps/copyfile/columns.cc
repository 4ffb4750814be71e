#include "copyfile/columns.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "copyfile/quote.h"

namespace libcopyfile::app {
namespace {

constexpr std::string_view kGap = "...";

struct Letter {
  size_t bytes = 1;
  size_t columns = 1;
};

bool is_wide(uint32_t point) {
  struct Span {
    uint32_t first, last;
  };
  constexpr std::array kWide{
      Span{0x1100, 0x115f},   Span{0x231a, 0x231b},   Span{0x2329, 0x232a},  Span{0x23e9, 0x23f3},
      Span{0x25fd, 0x25fe},   Span{0x2614, 0x2615},   Span{0x2648, 0x2653},  Span{0x267f, 0x27bf},
      Span{0x2b1b, 0x2b55},   Span{0x2e80, 0xa4cf},   Span{0xa960, 0xa97c},  Span{0xac00, 0xd7a3},
      Span{0xf900, 0xfaff},   Span{0xfe10, 0xfe6f},   Span{0xff00, 0xff60},  Span{0xffe0, 0xffe6},
      Span{0x16fe0, 0x1b2ff}, Span{0x1f000, 0x1faff}, Span{0x20000, 0x3fffd}};
  return std::any_of(kWide.begin(), kWide.end(),
                     [point](const Span& s) { return point >= s.first && point <= s.last; });
}

// The one that the text begins with; a byte that is no UTF-8 is one, too.
Letter first_letter(std::string_view text) {
  const size_t bytes = std::max<size_t>(printable_length(text, true), 1);
  if (bytes == 1) return {};
  uint32_t point = static_cast<unsigned char>(text[0]) & (0x7fU >> bytes);
  for (size_t i = 1; i < bytes; ++i)
    point = point << 6 | (static_cast<unsigned char>(text[i]) & 0x3fU);
  return {bytes, is_wide(point) ? size_t{2} : size_t{1}};
}

// How many bytes at the beginning fit.
size_t fitting(std::string_view text, size_t columns) {
  size_t at = 0;
  while (at < text.size()) {
    const Letter letter = first_letter(text.substr(at));
    if (letter.columns > columns) break;
    columns -= letter.columns;
    at += letter.bytes;
  }
  return at;
}

}  // namespace

size_t columns_of(std::string_view text) {
  size_t columns = 0;
  while (!text.empty()) {
    const Letter letter = first_letter(text);
    columns += letter.columns;
    text.remove_prefix(letter.bytes);
  }
  return columns;
}

std::string shortened(std::string_view text, size_t columns) {
  size_t all = columns_of(text);
  if (all <= columns) return std::string(text);
  if (columns <= kGap.size()) return std::string(text.substr(0, fitting(text, columns)));
  const size_t room = columns - kGap.size();
  std::string line(text.substr(0, fitting(text, room / 2)));
  const size_t left = room - columns_of(line);
  // What is cut away from the front until the rest fits.
  while (all > left) {
    const Letter letter = first_letter(text);
    all -= letter.columns;
    text.remove_prefix(letter.bytes);
  }
  return line.append(kGap).append(text);
}

}  // namespace libcopyfile::app
