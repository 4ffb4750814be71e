// Reads a file back from the medium, not from the page cache, where that is possible.
#pragma once

#include "verify/file_digest.h"

namespace libcopyfile {

// Where the bytes came from that were compared. The values are those of the C interface (COPYFILE_VERIFIED_...): append only.
enum class Medium : uint8_t {
  none,
  direct,   // O_DIRECT, on a file system that says how such transfers are to be aligned
  dropped,  // read into an empty page cache, which was seen to be empty
  cache,    // the page cache: there is no medium behind it (tmpfs), or no way to tell
};

struct ReadBack {
  FileDigest read;
  Medium medium = Medium::none;
};

// REQUIRES that `fd` is a file of ours (it is opened again) that nobody writes to, synced. `size` is what it should have. What
// fails in one way with an errno that means "not so" is read in the next; EIO is EIO.
Result<ReadBack> read_back(Files& files, int fd, uint64_t size, Algorithm algorithm,
                           const DigestProgress& progress);

}  // namespace libcopyfile
