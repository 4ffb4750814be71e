// Digests: what they are called, how they are written, when two are the same. Values; computing one is hasher.h.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace libcopyfile {

// The values are those of the C interface (COPYFILE_DIGEST_...): append only.
enum class Algorithm : uint8_t { none, sha256, xxh3_128 };

// "sha256", "xxh3".
std::string_view name_of(Algorithm algorithm);
// Bytes of a digest.
constexpr size_t digest_size(Algorithm algorithm) {
  return algorithm == Algorithm::sha256 ? 32 : algorithm == Algorithm::xxh3_128 ? 16 : 0;
}

struct Digest {
  static constexpr size_t kMaxSize = 64;

  Algorithm algorithm = Algorithm::none;
  std::array<uint8_t, kMaxSize> bytes{};  // behind digest_size() they are 0

  std::span<const uint8_t> value() const { return {bytes.data(), digest_size(algorithm)}; }
  // In lower case, as sha256sum(1) and xxhsum(1) print it.
  std::string hex() const;
  // "sha256:HEX"
  std::string text() const;
  bool operator==(const Digest&) const = default;
};

// Exactly as many digits as the algorithm has, in either case.
std::optional<Digest> parse_hex(Algorithm algorithm, std::string_view hex);
// "sha256:HEX", "xxh3:HEX".
std::optional<Digest> parse_digest(std::string_view text);

}  // namespace libcopyfile
