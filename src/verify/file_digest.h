// The digest of a whole file that is read for nothing else.
#pragma once

#include <functional>

#include "sys/files.h"
#include "verify/digest.h"

namespace libcopyfile {

struct FileDigest {
  Digest digest;
  uint64_t size = 0;  // how much could be read
};

// Bytes since the last call; from the calling thread. False: ECANCELED.
using DigestProgress = std::function<bool(uint64_t bytes)>;

enum class ReadVia : uint8_t {
  cache,
  direct,  // `fd` has O_DIRECT: whole blocks only. EINVAL where the file system gives less before the end
};

// To the end of the file. Above one chunk two threads take turns: while one hashes, the other reads. `size` is what the file is
// thought to have.
Result<FileDigest> digest_of_file(Files& files, int fd, uint64_t size, Algorithm algorithm,
                                  ReadVia via, const DigestProgress& progress);

}  // namespace libcopyfile
