#include "testing/stamped.h"

#include <algorithm>
#include <bit>
#include <cstring>

static_assert(std::endian::native == std::endian::little,
              "stamps are compared as little-endian words");

namespace libcopyfile::test {
namespace {

// The top bits of a decoded stamp. Not zero, so that no stamp is eight zeros.
constexpr uint64_t kTag = 0x2A7;
constexpr int kTagShift = 54;
constexpr int kFileShift = 46;
constexpr uint64_t kOffsetMask = (uint64_t{1} << kFileShift) - 1;

// The finaliser of SplitMix64 and its inverse: a bijection, so that a stamp can be read back.
constexpr uint64_t kFirst = 0xBF58476D1CE4E5B9;
constexpr uint64_t kSecond = 0x94D049BB133111EB;
constexpr uint64_t kFirstInverse = 0x96DE1B173F119089;
constexpr uint64_t kSecondInverse = 0x319642B2D24D8EC3;
static_assert(kFirst * kFirstInverse == 1 && kSecond * kSecondInverse == 1);

uint64_t scramble(uint64_t x) {
  x = (x ^ (x >> 30)) * kFirst;
  x = (x ^ (x >> 27)) * kSecond;
  return x ^ (x >> 31);
}

uint64_t unscramble(uint64_t x) {
  x = (x ^ (x >> 31) ^ (x >> 62)) * kSecondInverse;
  x = (x ^ (x >> 27) ^ (x >> 54)) * kFirstInverse;
  return x ^ (x >> 30) ^ (x >> 60);
}

}  // namespace

uint64_t encode(Stamp stamp) {
  const uint64_t word = stamp.offset / 8 & kOffsetMask;
  return scramble(kTag << kTagShift | uint64_t{stamp.file} << kFileShift | word);
}

std::optional<Stamp> decode(uint64_t value) {
  const uint64_t plain = unscramble(value);
  if (plain >> kTagShift != kTag) return std::nullopt;
  return Stamp{static_cast<uint8_t>(plain >> kFileShift), (plain & kOffsetMask) * 8};
}

void fill_stamped(std::span<std::byte> buffer, uint8_t file, uint64_t offset) {
  while (!buffer.empty()) {
    const uint64_t skip = offset % 8;
    const uint64_t word = encode({file, offset - skip});
    const size_t n = std::min<size_t>(8 - skip, buffer.size());
    std::memcpy(buffer.data(), reinterpret_cast<const std::byte*>(&word) + skip, n);
    buffer = buffer.subspan(n);
    offset += n;
  }
}

std::string stamped_text(uint8_t file, uint64_t size) {
  std::string text(size, '\0');
  fill_stamped(std::as_writable_bytes(std::span(text)), file, 0);
  return text;
}

std::string identify(std::span<const std::byte> bytes) {
  // Where the data has been moved by no multiple of 8, a stamp begins within the first 8 bytes all the same.
  for (size_t skip = 0; skip < 8 && skip + 8 <= bytes.size(); ++skip) {
    uint64_t word = 0;
    std::memcpy(&word, bytes.data() + skip, 8);
    if (const std::optional<Stamp> stamp = decode(word)) {
      if (skip > stamp->offset) continue;
      return "byte " + std::to_string(stamp->offset - skip) + " of file " +
             std::to_string(stamp->file);
    }
  }
  const bool zero = !bytes.empty() && std::all_of(bytes.begin(), bytes.end(),
                                                  [](std::byte b) { return b == std::byte{0}; });
  return zero ? "zero" : "no stamp";
}

}  // namespace libcopyfile::test
