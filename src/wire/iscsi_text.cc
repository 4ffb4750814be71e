#include "wire/iscsi_text.h"

#include <algorithm>
#include <charconv>

namespace libcopyfile::wire::iscsi {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }

// 6.1: "text-name".
bool is_key_character(char c) {
  return is_digit(c) || is_lower(c) || is_upper(c) ||
         std::string_view(".-+@_#").find(c) != std::string_view::npos;
}

std::optional<unsigned> hex_digit(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return std::nullopt;
}

std::optional<unsigned> base64_digit(char c) {
  if (is_upper(c)) return c - 'A';
  if (is_lower(c)) return c - 'a' + 26;
  if (is_digit(c)) return c - '0' + 52;
  if (c == '+') return 62;
  if (c == '/') return 63;
  return std::nullopt;
}

bool has_prefix(std::string_view text, char lower) {
  return text.size() >= 2 && text[0] == '0' && (text[1] == lower || text[1] == lower - 'a' + 'A');
}

std::optional<Bytes> parse_hex(std::string_view digits, size_t most) {
  if (digits.empty() || (digits.size() + 1) / 2 > most) return std::nullopt;
  Bytes bytes;
  bytes.reserve((digits.size() + 1) / 2);
  // An odd number of digits: the first one stands alone.
  unsigned value = 0;
  for (size_t i = 0; i < digits.size(); ++i) {
    const auto digit = hex_digit(digits[i]);
    if (!digit) return std::nullopt;
    value = value << 4 | *digit;
    if ((digits.size() - i) % 2 == 1) {
      bytes.push_back(static_cast<uint8_t>(value));
      value = 0;
    }
  }
  return bytes;
}

std::optional<Bytes> parse_base64(std::string_view digits, size_t most) {
  if (digits.empty() || digits.size() % 4 != 0 || digits.size() / 4 * 3 > most + 2)
    return std::nullopt;
  const size_t padding = digits.ends_with("==") ? 2 : digits.ends_with("=") ? 1 : 0;
  Bytes bytes;
  bytes.reserve(digits.size() / 4 * 3);
  uint32_t value = 0;
  for (size_t i = 0; i < digits.size(); ++i) {
    const auto digit =
        i + padding >= digits.size() ? std::optional<unsigned>(0) : base64_digit(digits[i]);
    if (!digit) return std::nullopt;
    value = value << 6 | *digit;
    if (i % 4 != 3) continue;
    for (int shift = 16; shift >= 0; shift -= 8)
      bytes.push_back(static_cast<uint8_t>(value >> shift));
    value = 0;
  }
  bytes.resize(bytes.size() - padding);
  if (bytes.size() > most) return std::nullopt;
  return bytes;
}

}  // namespace

std::optional<std::vector<KeyValue>> parse_text(View text) {
  std::vector<KeyValue> found;
  const std::string_view all(reinterpret_cast<const char*>(text.span().data()), text.size());
  for (size_t at = 0; at < all.size();) {
    const size_t end = all.find('\0', at);
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view pair = all.substr(at, end - at);
    at = end + 1;
    // Some initiators count the padding as text.
    if (pair.empty()) continue;
    const size_t equals = pair.find('=');
    if (equals == std::string_view::npos || equals == 0 || equals > kMaxKeyLength)
      return std::nullopt;
    const std::string_view key = pair.substr(0, equals);
    if (!std::all_of(key.begin(), key.end(), is_key_character)) return std::nullopt;
    found.push_back({std::string(key), std::string(pair.substr(equals + 1))});
  }
  return found;
}

void append_key(Bytes& text, std::string_view key, std::string_view value) {
  text.insert(text.end(), key.begin(), key.end());
  text.push_back('=');
  text.insert(text.end(), value.begin(), value.end());
  text.push_back(0);
}

std::optional<uint64_t> parse_number(std::string_view text) {
  const bool hexadecimal = has_prefix(text, 'x');
  if (hexadecimal) text.remove_prefix(2);
  uint64_t value = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value, hexadecimal ? 16 : 10);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<Bytes> parse_binary(std::string_view text, size_t most) {
  if (has_prefix(text, 'x')) return parse_hex(text.substr(2), most);
  if (has_prefix(text, 'b')) return parse_base64(text.substr(2), most);
  return std::nullopt;
}

std::string format_binary(View bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text = "0x";
  for (const uint8_t byte : bytes.span()) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

std::vector<std::string_view> split_list(std::string_view text) {
  std::vector<std::string_view> items;
  while (true) {
    const size_t comma = text.find(',');
    items.push_back(text.substr(0, comma));
    if (comma == std::string_view::npos) return items;
    text.remove_prefix(comma + 1);
  }
}

bool is_node_name(std::string_view name) {
  if (name.size() > kMaxNameLength) return false;
  if (!name.starts_with("iqn.") && !name.starts_with("eui.") && !name.starts_with("naa."))
    return false;
  if (name.size() <= 4) return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    // What is not ASCII is for the initiator to have prepared (stringprep): compared byte by byte.
    return is_digit(c) || is_lower(c) || is_upper(c) || c == '-' || c == '.' || c == ':' ||
           c == '_' || static_cast<unsigned char>(c) >= 0x80;
  });
}

TextParts::Part TextParts::next(size_t most) {
  const size_t size = std::min(most, text_.size() - at_);
  const auto begin = text_.begin() + static_cast<ptrdiff_t>(at_);
  Part part;
  part.text.assign(begin, begin + static_cast<ptrdiff_t>(size));
  at_ += size;
  part.more = !empty();
  return part;
}

}  // namespace libcopyfile::wire::iscsi
