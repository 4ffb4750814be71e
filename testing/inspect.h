// What the kernel says about a file, asked independently of the code under test.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/range.h"

namespace libcopyfile::test {

// st_blocks in bytes, after the file has been written back: delayed allocation would hide some.
uint64_t allocated_bytes(int fd);

// The data of the file by SEEK_DATA and SEEK_HOLE; by FIEMAP where those are refused to the test (testing/refuse).
std::vector<Range> seek_map(int fd);

struct FileExtent {
  Range logical;
  uint64_t physical = 0;
  uint32_t flags = 0;  // FIEMAP_EXTENT_*

  bool unwritten() const;
  bool shared() const;
};

// FIEMAP after write-back. EOPNOTSUPP (tmpfs, FUSE) throws ScratchError.
std::vector<FileExtent> fiemap(int fd);

// Whether every byte of data of the first file in `range` lies in the same place on the medium as in the second.
bool shares_all(int fd, int other, Range range);

// Bytes of the file that are in the page cache.
uint64_t cached_bytes(int fd);
// Writes back and drops the page cache of the file. What others map or is dirty again stays.
void drop_cache(int fd);

}  // namespace libcopyfile::test
