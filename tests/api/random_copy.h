// Random pairs of files and random vectors of ranges, some of them wrong on purpose, with what must come of them.
#pragma once

#include <random>
#include <string>
#include <vector>

#include "base/range.h"
#include "testing/islands.h"
#include "testing/oracle.h"

namespace libcopyfile::test {

enum class State : uint8_t {
  clean,  // written back
  dirty,  // in memory only
  over_unwritten,  // preallocated and synced, then written: the file system calls it unwritten until write-back
  over_shared,  // cloned from another file and synced, then written: copy-on-write is pending
};

struct RandomFiles {
  Layout source;
  State state = State::dirty;
  Layout old;              // of the destination
  bool same_file = false;  // the destination is the source
};

struct RandomCopy {
  RandomFiles files;
  std::vector<CopyRange> ranges;
};

RandomCopy random_copy(std::mt19937_64& random);

// By the definition, range by range and byte by byte.
struct Expected {
  int error = 0;                 // before anything is written: EOVERFLOW, EINVAL; 0: all is well
  std::vector<uint64_t> copied;  // of each range
  uint64_t total = 0;
  bool short_source = false;
  Oracle out;
};
Expected expected_of(const RandomCopy& copy, const Oracle& source, const Oracle& old);

// The source file on disk, in its state. Throws ScratchError.
Fd make_source(const std::string& directory, const RandomFiles& files);

// "seed 17: ext4, dirty, 3 ranges: 0:4096:100 ...": for messages.
std::string describe(const RandomCopy& copy);

}  // namespace libcopyfile::test
