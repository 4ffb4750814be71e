// What the guest does with its disks, and what this computer then looks for in their images.
#pragma once

#include <cstdint>

#include "base/range.h"

namespace libcopyfile::test::guest {

inline constexpr uint64_t kMiB = uint64_t{1} << 20;

// The first disk, which the guest copies to the second.
inline constexpr uint64_t kMuch = 10240 * kMiB;

// The third disk, on which the guest writes the stamps of a file, ...
inline constexpr uint64_t kThird = 128 * kMiB;
inline constexpr uint8_t kFile = 7;
inline constexpr Range kWritten{0, 32 * kMiB};
// ... copies them to other places by copyfile and by sg_xcopy, ...
inline constexpr CopyRange kCopied{0, 32 * kMiB, 16 * kMiB};
inline constexpr CopyRange kCopiedBySg{0, 64 * kMiB, 16 * kMiB};
// ... and gives back what it had written.
inline constexpr Range kDiscarded{16 * kMiB, 32 * kMiB};

}  // namespace libcopyfile::test::guest
