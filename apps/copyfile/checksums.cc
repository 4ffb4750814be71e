#include "copyfile/checksums.h"

#include <fmt/format.h>

#include "copyfile/quote.h"

namespace libcopyfile::app {
namespace {

constexpr std::string_view kBlanks = " \t";

// "./a" and "a" are the same name.
std::string_view without_dot(std::string_view name) {
  while (name.starts_with("./") && name.size() > 2) {
    name.remove_prefix(2);
    while (name.starts_with('/')) name.remove_prefix(1);
  }
  return name;
}

std::string_view last_component(std::string_view name) {
  while (name.size() > 1 && name.ends_with('/')) name.remove_suffix(1);
  const size_t slash = name.rfind('/');
  return slash == std::string_view::npos || name.size() == 1 ? name : name.substr(slash + 1);
}

std::optional<std::string> unescaped(std::string_view name) {
  std::string text;
  for (size_t i = 0; i < name.size(); ++i) {
    if (name[i] != '\\') {
      text += name[i];
      continue;
    }
    if (++i == name.size()) return std::nullopt;
    switch (name[i]) {
      case '\\': text += '\\'; break;
      case 'n': text += '\n'; break;
      case 'r': text += '\r'; break;
      default: return std::nullopt;
    }
  }
  return text;
}

// "SHA256 (name) = HEX"
std::optional<ChecksumLine> parse_tagged(std::string_view line, std::string_view tag,
                                         Algorithm algorithm) {
  if (!line.starts_with(tag)) return std::nullopt;
  line.remove_prefix(tag.size());
  if (line.starts_with(' ')) line.remove_prefix(1);
  if (!line.starts_with('(')) return std::nullopt;
  // The name may hold anything, the digest no parenthesis.
  const size_t end = line.rfind(')');
  if (end == std::string_view::npos || end < 2) return std::nullopt;
  std::string_view hex = line.substr(end + 1);
  hex.remove_prefix(std::min(hex.size(), hex.find_first_not_of(kBlanks)));
  if (!hex.starts_with('=')) return std::nullopt;
  hex.remove_prefix(1);
  hex.remove_prefix(std::min(hex.size(), hex.find_first_not_of(kBlanks)));
  const std::optional<Digest> digest = parse_hex(algorithm, hex);
  if (!digest) return std::nullopt;
  return ChecksumLine{std::string(line.substr(1, end - 1)), *digest};
}

// "HEX  name", "HEX *name", and "HEX name" of other programs.
std::optional<ChecksumLine> parse_plain(std::string_view line) {
  constexpr size_t kDigits = 2 * digest_size(Algorithm::sha256);
  if (line.size() < kDigits + 2 || line[kDigits] != ' ') return std::nullopt;
  const std::optional<Digest> digest = parse_hex(Algorithm::sha256, line.substr(0, kDigits));
  if (!digest) return std::nullopt;
  std::string_view name = line.substr(kDigits + 1);
  if (name.starts_with(' ') || name.starts_with('*')) name.remove_prefix(1);
  if (name.empty()) return std::nullopt;
  return ChecksumLine{std::string(name), *digest};
}

}  // namespace

std::optional<ChecksumLine> parse_checksum_line(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  line.remove_prefix(std::min(line.size(), line.find_first_not_of(kBlanks)));
  const bool escaped = line.starts_with('\\');
  if (escaped) line.remove_prefix(1);
  std::optional<ChecksumLine> entry = parse_plain(line);
  if (!entry) entry = parse_tagged(line, "SHA256", Algorithm::sha256);
  if (!entry) entry = parse_tagged(line, "XXH128", Algorithm::xxh3_128);
  if (!entry || !escaped) return entry;
  std::optional<std::string> name = unescaped(entry->name);
  if (!name) return std::nullopt;
  entry->name = std::move(*name);
  return entry;
}

std::string checksum_line(const ChecksumLine& line) {
  std::string name;
  for (const char c : line.name) {
    switch (c) {
      case '\\': name += "\\\\"; break;
      case '\n': name += "\\n"; break;
      case '\r': name += "\\r"; break;
      default: name += c;
    }
  }
  return fmt::format("{}{}  {}\n", name == line.name ? "" : "\\", line.digest.hex(), name);
}

size_t Checksums::add(std::string_view text) {
  size_t found = 0;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    if (std::optional<ChecksumLine> line = parse_checksum_line(text.substr(0, end))) {
      add_entry(std::string(without_dot(line->name)), line->digest);
      ++found;
    }
    text.remove_prefix(std::min(text.size(), end + 1));
  }
  return found;
}

void Checksums::add_entry(std::string name, const Digest& digest) {
  const auto [at, is_new] = entries_.try_emplace(std::move(name), Entry{digest});
  Digest& known = at->second.digest;
  if (is_new || known == digest) return;
  if (known.algorithm == digest.algorithm) {
    at->second.ambiguous = true;
  } else if (digest.algorithm == Algorithm::sha256) {
    at->second = {digest};  // the stronger one
  }
}

Parsed<Digest> Checksums::find(const std::string& source) const {
  auto found = entries_.find(without_dot(source));
  if (found == entries_.end()) found = entries_.find(last_component(source));
  if (found == entries_.end()) {
    return refuse(fmt::format("no line of the checksums names {}", app::quoted(source)));
  }
  if (found->second.ambiguous) {
    return refuse(
        fmt::format("the checksums name {} with different digests", app::quoted(found->first)));
  }
  return found->second.digest;
}

}  // namespace libcopyfile::app
