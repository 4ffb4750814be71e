// Zeros in the destination, for the mechanisms that meet them.
#pragma once

#include <span>

#include "base/error.h"
#include "mechanism/mechanism.h"

namespace libcopyfile {

// Whether all of `data` is zero.
bool all_zero(std::span<const std::byte> data);

// Makes `range` of the destination read as zero, by a hole if it can be one. On a destination that is new this is nothing.
Done make_hole(const Pair& pair, Range range);

// Writes zeros. `*written` counts what is in place.
Done write_zeros(const Pair& pair, Range range, uint64_t* written);

}  // namespace libcopyfile
