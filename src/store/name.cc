#include "store/name.h"

namespace libcopyfile::store {
namespace {

constexpr std::string_view kPrefix = "sha256:";
constexpr size_t kHexDigits = 2 * digest_size(Algorithm::sha256);

// The next code point from `at` on, which moves behind it; nothing for what is not UTF-8 (RFC 3629: no overlong forms, no
// surrogates, nothing above U+10FFFF).
std::optional<uint32_t> next_code_point(std::string_view text, size_t& at) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t first = byte(at);
  const size_t length = first < 0x80                     ? 1
                        : first >= 0xC2 && first <= 0xDF ? 2
                        : first >= 0xE0 && first <= 0xEF ? 3
                        : first >= 0xF0 && first <= 0xF4 ? 4
                                                         : 0;
  if (length == 0 || length > text.size() - at) return {};
  uint32_t point = length == 1 ? first : first & (0x7FU >> length);
  for (size_t i = 1; i < length; ++i) {
    if ((byte(at + i) & 0xC0) != 0x80) return {};
    point = point << 6 | (byte(at + i) & 0x3FU);
  }
  const bool overlong = (length == 3 && point < 0x800) || (length == 4 && point < 0x10000);
  if (overlong || point > 0x10FFFF || (point >= 0xD800 && point <= 0xDFFF)) return {};
  at += length;
  return point;
}

// C0, DEL, C1, and the separators of lines and paragraphs.
bool is_control(uint32_t point) {
  return point < 0x20 || (point >= 0x7F && point < 0xA0) || point == 0x2028 || point == 0x2029;
}

std::optional<std::string_view> why_no_component(std::string_view part) {
  if (part.empty()) return "has an empty component";
  if (part == "." || part == "..") return "has a component that is . or ..";
  if (part.size() > kMostComponentBytes) return "has a component of more than 255 bytes";
  return {};
}

}  // namespace

std::optional<std::string_view> why_no_name(std::string_view name) {
  if (name.empty()) return "is empty";
  if (name.size() > kMostNameBytes) return "is longer than 1024 bytes";
  for (size_t at = 0; at < name.size();) {
    const std::optional<uint32_t> point = next_code_point(name, at);
    if (!point) return "is not UTF-8";
    if (is_control(*point)) return "has a control character";
  }
  if (name.front() == '/') return "begins with a slash";
  for (size_t begin = 0; begin <= name.size();) {
    const size_t end = std::min(name.find('/', begin), name.size());
    if (const auto why = why_no_component(name.substr(begin, end - begin))) return why;
    begin = end + 1;
  }
  if (name.starts_with(kPrefix) || parse_hex(Algorithm::sha256, name)) return "reads as a digest";
  return {};
}

Done check_name(std::string_view name) {
  if (const auto why = why_no_name(name)) {
    return fail(EINVAL, Op::validate, "the name " + std::string(*why));
  }
  return {};
}

Result<Reference> parse_reference(std::string_view text) {
  if (const auto hex = parse_hex(Algorithm::sha256, text)) return Reference(*hex);
  if (text.starts_with(kPrefix)) {
    const auto digest = parse_hex(Algorithm::sha256, text.substr(kPrefix.size()));
    if (!digest) return fail(EINVAL, Op::validate, std::string("sha256: takes 64 digits"));
    return Reference(*digest);
  }
  if (const Done ok = check_name(text); !ok) return fail(ok.error());
  return Reference(std::string(text));
}

// One directory: XFS, ext4 and Btrfs look a name up in it in the same time with a million of them as with a thousand.
std::string blob_path(const Digest& digest) { return digest.hex(); }

std::optional<Digest> digest_of_path(std::string_view name) {
  if (name.size() != kHexDigits) return {};
  const auto digest = parse_hex(Algorithm::sha256, name);
  // Digits in upper case read as a digest, but that is not what a blob is called.
  if (!digest || blob_path(*digest) != name) return {};
  return digest;
}

}  // namespace libcopyfile::store
