// Stamped data: every 8 aligned bytes say which file and which offset they belong to, scrambled so that neighbouring
// bytes differ. A byte that lands in the wrong place is found with near certainty, and what is found there tells where
// it came from.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace libcopyfile::test {

struct Stamp {
  uint8_t file = 0;     // a number that the test gives
  uint64_t offset = 0;  // a multiple of 8, below 512 TiB; above, it wraps

  bool operator==(const Stamp&) const = default;
};

uint64_t encode(Stamp stamp);
// Nothing where the 8 bytes are no stamp.
std::optional<Stamp> decode(uint64_t value);

// The bytes [offset, offset + buffer.size()) of the stamped file, whatever their alignment.
void fill_stamped(std::span<std::byte> buffer, uint8_t file, uint64_t offset);
// The first `size` bytes of it.
std::string stamped_text(uint8_t file, uint64_t size);

// What the first byte of `bytes` is: "byte 4099 of file 3", "zero" or "no stamp". 15 bytes are enough to tell.
std::string identify(std::span<const std::byte> bytes);

}  // namespace libcopyfile::test
