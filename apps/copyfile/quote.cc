#include "copyfile/quote.h"

#include <array>
#include <cstdint>
#include <cstdlib>

#include "sys/iscsi_url.h"

namespace libcopyfile::app {
namespace {

// The code point that `text` begins with and its length in bytes; length 0 for what is no UTF-8.
struct Decoded {
  uint32_t point = 0;
  size_t length = 0;
};

Decoded decode(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return {first, 1};
  size_t length = 0;
  uint32_t point = 0;
  uint32_t least = 0;
  if ((first & 0xe0) == 0xc0) {
    length = 2, point = first & 0x1f, least = 0x80;
  } else if ((first & 0xf0) == 0xe0) {
    length = 3, point = first & 0x0f, least = 0x800;
  } else if ((first & 0xf8) == 0xf0) {
    length = 4, point = first & 0x07, least = 0x10000;
  } else {
    return {};
  }
  if (text.size() < length) return {};
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return {};
    point = point << 6 | (byte(i) & 0x3fU);
  }
  const bool surrogate = point >= 0xd800 && point <= 0xdfff;
  if (point < least || point > 0x10ffff || surrogate) return {};
  return {point, length};
}

bool is_printable(uint32_t point) {
  struct Span {
    uint32_t first, last;
  };
  // Controls; marks, separators and overrides that hide text or turn its direction (U+202E makes "gpj.exe" look like
  // "exe.jpg"); private and unassigned ends of planes.
  constexpr std::array kHidden{Span{0x00, 0x1f},     Span{0x7f, 0x9f},     Span{0xad, 0xad},
                               Span{0x061c, 0x061c}, Span{0x180e, 0x180e}, Span{0x200b, 0x200f},
                               Span{0x2028, 0x202e}, Span{0x2060, 0x206f}, Span{0xe000, 0xf8ff},
                               Span{0xfeff, 0xfeff}, Span{0xfff0, 0xfffb}, Span{0xe0000, 0x10ffff}};
  if ((point & 0xfffe) == 0xfffe) return false;
  for (const Span& s : kHidden) {
    if (point >= s.first && point <= s.last) return false;
  }
  return true;
}

// The escape within $'...'.
std::string escape(unsigned char c) {
  constexpr std::string_view kNamed = "abtnvfr";  // 7 to 13
  if (c >= 7 && c <= 13) return {'\\', kNamed[c - 7U]};
  return {'\\', static_cast<char>('0' + (c >> 6)), static_cast<char>('0' + (c >> 3 & 7)),
          static_cast<char>('0' + (c & 7))};
}

// Whether the name can stand between double quotes: it has a single quote, and nothing that is special there.
bool suits_double_quotes(std::string_view name) {
  return name.find('\'') != std::string_view::npos &&
         name.find_first_of("\"$`\\!") == std::string_view::npos;
}

bool all_printable(std::string_view name, bool utf8) {
  while (!name.empty()) {
    const size_t length = printable_length(name, utf8);
    if (length == 0) return false;
    name.remove_prefix(length);
  }
  return true;
}

}  // namespace

bool locale_is_utf8() {
  for (const char* variable : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const char* value = std::getenv(variable);  // NOLINT(concurrency-mt-unsafe): nobody sets it
    if (value == nullptr || *value == '\0') continue;
    std::string lower;
    for (const char c : std::string_view(value)) {
      if (c != '-') lower += static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    }
    return lower.find("utf8") != std::string::npos;
  }
  return false;
}

size_t printable_length(std::string_view text, bool utf8) {
  if (text.empty()) return 0;
  const Decoded d = decode(text);
  if (d.length == 0 || (d.length > 1 && !utf8) || !is_printable(d.point)) return 0;
  return d.length;
}

std::string quoted(std::string_view name, bool utf8) {
  // Wherever it comes from: a password in the wrong place is one still.
  if (is_iscsi_url(name) && without_secrets(name) != name) {
    return quoted(without_secrets(name), utf8);
  }
  if (suits_double_quotes(name) && all_printable(name, utf8)) return '"' + std::string(name) + '"';
  std::string text = "'";
  bool escaping = false;  // within $'...'
  while (!name.empty()) {
    const size_t length = printable_length(name, utf8);
    if (length == 0) {
      if (!escaping) text += "'$'";
      text += escape(static_cast<unsigned char>(name[0]));
      escaping = true;
      name.remove_prefix(1);
      continue;
    }
    // The quote that ends $'...' is the first of the three characters that stand for one.
    if (escaping && name[0] != '\'') text += "''";
    escaping = false;
    text += name[0] == '\'' ? std::string_view("'\\''") : name.substr(0, length);
    name.remove_prefix(length);
  }
  return text + '\'';
}

std::string quoted_if_needed(std::string_view name, bool utf8) {
  constexpr std::string_view kSpecial = " !\"$&'()*;<=>?[\\^`|";
  const bool plain = !name.empty() && name.find_first_of(kSpecial) == std::string_view::npos &&
                     name[0] != '#' && name[0] != '~' && name != "{" && name != "}" &&
                     all_printable(name, utf8);
  return plain ? std::string(name) : quoted(name, utf8);
}

}  // namespace libcopyfile::app
