// How long copies are cut.
#pragma once

#include <algorithm>

#include "base/range.h"

namespace libcopyfile::target {

// What a piece begins and ends at, unless the copy does not.
inline constexpr uint64_t kCopyPiece = uint64_t{64} << 20;

// The length of the first piece of the `left` bytes at `offset`: about `most`, a power of two, and never more than twice
// that. Neither it nor what is left is a crumb: that would be too little to share, and be read from a cold disk.
inline uint64_t first_piece_of_copy(uint64_t offset, uint64_t left, uint64_t most) {
  if (left <= 2 * most) return left;
  return align_down(offset + most + most / 2, std::min(most, kCopyPiece)) - offset;
}

}  // namespace libcopyfile::target
