#include "verify/digest.h"

namespace libcopyfile {
namespace {

constexpr std::string_view kDigits = "0123456789abcdef";

int digit_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::string_view name_of(Algorithm algorithm) {
  switch (algorithm) {
    case Algorithm::sha256: return "sha256";
    case Algorithm::xxh3_128: return "xxh3";
    case Algorithm::none: break;
  }
  return "none";
}

std::string Digest::hex() const {
  std::string text;
  for (const uint8_t byte : value()) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

std::string Digest::text() const { return std::string(name_of(algorithm)) + ":" + hex(); }

std::optional<Digest> parse_hex(Algorithm algorithm, std::string_view hex) {
  const size_t size = digest_size(algorithm);
  if (size == 0 || hex.size() != 2 * size) return std::nullopt;
  Digest digest;
  digest.algorithm = algorithm;
  for (size_t i = 0; i < size; ++i) {
    const int high = digit_value(hex[2 * i]);
    const int low = digit_value(hex[2 * i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    digest.bytes[i] = static_cast<uint8_t>(high << 4 | low);
  }
  return digest;
}

std::optional<Digest> parse_digest(std::string_view text) {
  for (const Algorithm algorithm : {Algorithm::sha256, Algorithm::xxh3_128}) {
    const std::string_view name = name_of(algorithm);
    if (text.size() > name.size() && text.starts_with(name) && text[name.size()] == ':') {
      return parse_hex(algorithm, text.substr(name.size() + 1));
    }
  }
  return std::nullopt;
}

}  // namespace libcopyfile
