// How much a repository holds, and how much of it is its own.
#pragma once

#include "store/repository.h"

namespace libcopyfile::store {

struct Usage {
  uint64_t blobs = 0;
  uint64_t names = 0;
  uint64_t bytes = 0;   // of the blobs
  uint64_t stored = 0;  // on the medium, as stat(2) tells it
  uint64_t shared =
      0;  // of `stored`: blocks that other files have, too (FIEMAP). Only if asked for
  bool shared_known = false;
  uint64_t named_bytes = 0;  // what copies under all names would take
  uint64_t quarantined = 0;  // files
  uint64_t pending = 0;      // entries of pending/: adds under way, or what crashes left
  uint64_t index_bytes = 0;
};

// `ask_shared`: reads the extents of every blob.
Result<Usage> usage(Repository& repository, bool ask_shared);

}  // namespace libcopyfile::store
