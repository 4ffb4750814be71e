// Two disks in image files, one initiator that writes, flushes and copies, and what the files are found to hold afterwards.
#pragma once

#include <future>
#include <string>

#include "base/fd.h"
#include "target/device.h"

namespace libcopyfile::test {

inline constexpr uint64_t kDiskBlock =
    4096;  // logical block, and what a disk below writes at once or not at all
inline constexpr uint64_t kDiskBlocks = 256;
inline constexpr unsigned kDisks = 2;

// What a block holds: 0 is zeros, else a number that was written nowhere else.
using Filling = uint64_t;
inline constexpr Filling kTorn = UINT64_MAX;  // no content that anybody wrote as a whole

// Sparse files for them.
void make_disks(const std::string& directory);

// Throws ScratchError where it can't be served. Any thread.
class ServedDisks {
 public:
  explicit ServedDisks(const std::string& directory);
  ~ServedDisks();

  // Each waits for GOOD; anything else is a ScratchError. Block i gets the content `first + i`.
  void write(unsigned disk, uint64_t block, uint32_t blocks, Filling first, bool fua);
  void synchronize(unsigned disk);
  void copy(unsigned from, uint64_t block, uint64_t to_block,
            uint16_t blocks);       // to the other disk
  void register_key(uint64_t key);  // REGISTER AND IGNORE EXISTING KEY, with APTPL, on disk 0

 private:
  void execute(unsigned disk, const wire::Bytes& cdb, wire::View data);

  std::vector<std::shared_ptr<target::LogicalUnit>> units_;
  std::unique_ptr<target::Device> device_;
  target::NexusId nexus_ = 0;
};

struct FoundDisks {
  std::array<std::array<Filling, kDiskBlocks>, kDisks> blocks{};
  Filling key = 0;    // of the only registration; 0: nobody is registered
  std::string error;  // what could not be read
};
FoundDisks look_at_disks(const std::string& directory);

}  // namespace libcopyfile::test
