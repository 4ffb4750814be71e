// Collecting: removes blobs that have no name and are not kept, and what crashed adds have left in pending/.
#pragma once

#include <functional>

#include "store/repository.h"

namespace libcopyfile::store {

struct GcOptions {
  bool dry_run = false;
  // Blobs added or touched within this time stay: who has just found one there may be about to name it.
  double grace_seconds = 0;
  double wait_seconds = 60;  // for those who add to come to an end of their batch; EBUSY then
  // Also what is in quarantine.
  bool quarantine = false;
  std::function<bool(const Digest& digest, uint64_t size)> removed;  // or would be; false ends it
};

struct GcReport {
  uint64_t blobs = 0;
  uint64_t bytes = 0;
  uint64_t pending = 0;      // left by crashes
  uint64_t quarantined = 0;  // removed from there
};

// REQUIRES a repository opened for writing. Who adds meanwhile waits while blobs are being removed, in pieces of some
// thousand; who reads does not.
Result<GcReport> collect(Repository& repository, const GcOptions& options);

}  // namespace libcopyfile::store
