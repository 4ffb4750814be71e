// Deals the bytes of ranges out to workers in chunks, and counts what is in place without a gap.
#pragma once

#include <deque>
#include <mutex>
#include <span>
#include <vector>

#include "mechanism/mechanism.h"

namespace libcopyfile {

// One turn of a worker: neighbouring parts, in the order of the ranges. Many small ranges share a chunk.
struct Chunk {
  uint64_t sequence = 0;
  std::vector<CopyRange> parts;
};

// Any worker at any time.
class WorkQueue {
 public:
  WorkQueue(Control& control, std::span<const CopyRange> ranges, uint64_t chunk_size)
      : control_(control), ranges_(ranges), chunk_size_(chunk_size) {}

  // The next chunk; false when there is none left or somebody has stopped.
  bool take(Chunk& chunk);
  // The first `outcome.bytes` bytes of the chunk are in place. Of several reasons to stop, the one that concerns the earliest
  // byte counts.
  void finish(const Chunk& chunk, const Moved& outcome);
  // Whether the work is still wanted, for a worker who is long at one chunk.
  bool go_on();
  // When no worker is left.
  Moved result() &&;

 private:
  struct Turn {
    bool done = false;
    uint64_t bytes = 0;
  };

  Control& control_;
  std::span<const CopyRange> ranges_;
  uint64_t chunk_size_;

  std::mutex mutex_;
  size_t next_ = 0;         // the range that is dealt out
  uint64_t offset_ = 0;     // within it
  std::deque<Turn> turns_;  // dealt out, from sequence first_ on
  uint64_t first_ = 0;
  bool stopping_ = false;
  uint64_t stopped_at_ = 0;
  Moved result_;
};

}  // namespace libcopyfile
