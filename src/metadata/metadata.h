// What a copy takes along besides the bytes: read once, applied in order, losses reported.
#pragma once

#include <cstdint>

#include "base/error.h"
#include "sys/names.h"

namespace libcopyfile {

// Classes as bits, with the values of the C interface.
namespace metadata {
inline constexpr uint64_t kMode = 0x1;
inline constexpr uint64_t kOwner = 0x2;
inline constexpr uint64_t kTimes = 0x4;
inline constexpr uint64_t kSupported = kMode | kOwner | kTimes;
inline constexpr uint64_t kAll = 0x3ff;
}  // namespace metadata

struct MetadataRequest {
  uint64_t classes = 0;        // to carry over
  uint64_t required = 0;       // of these: losing one is an error
  uint32_t fallback_mode = 0;  // permissions where kMode is not carried over
};

// Gives `fd` the metadata of `source`. Owner before mode, because chown(2) drops set-id bits; times last. Without the owner
// the set-id bits are not given either: they would be somebody else's. Returns the classes that were lost.
Result<uint64_t> apply_metadata(Names& names, int fd, const FileStat& source,
                                const MetadataRequest& request);

}  // namespace libcopyfile
