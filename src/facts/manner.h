// How a step is to be done: the words that plan/ and mechanism/ share, so that a mechanism reads no option.
#pragma once

#include <cstdint>

#include "sys/files.h"

namespace libcopyfile {

struct Manner {
  Cache cache = Cache::keep;
  // Find zeros in data and leave or punch holes for runs of at least this many bytes; 0 = don't look.
  uint64_t detect_zeros = 0;
  // Nothing is in the destination yet: what is not written reads as zero.
  bool out_is_new = false;
  // For `buffered`: allocate the blocks of large ranges before writing them.
  bool preallocate = false;
  // For `zero`: what becomes of the range.
  enum class Zero : uint8_t { hole, reserve, write } zero = Zero::hole;
  // For `reflink`: one FICLONE, the only snapshot-like copy.
  bool whole_file = false;

  bool operator==(const Manner&) const = default;
};

}  // namespace libcopyfile
