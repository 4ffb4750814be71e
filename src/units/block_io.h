// Bytes of a logical unit through this host: READ(16) and WRITE(16), several under way.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "facts/scsi_unit.h"
#include "sys/scsi_queue.h"

namespace libcopyfile {

// REQUIRES nothing under way in the queue. What the device asks for (to wait, to try again) is done here, as the table of sense
// codes says it.
class BlockIo {
 public:
  // Of the unit that `which` names in the queue, with commands of `most` bytes and less.
  BlockIo(ScsiQueue& queue, Unit which, const ScsiUnit& unit, size_t most = SIZE_MAX);

  // Any offset and length. The count is short only at the end of the unit, or before what failed: the next call then tells why.
  Result<size_t> read(std::span<std::byte> buffer, uint64_t offset);
  // The same; behind the end there is no space (ENOSPC). Blocks of which only a part is written are read first: nobody else
  // may write to them meanwhile.
  Result<size_t> write(std::span<const std::byte> data, uint64_t offset);
  // SYNCHRONIZE CACHE(16). A device that does not have it has no cache to lose.
  Done flush();

 private:
  ScsiQueue& queue_;
  Unit which_;
  uint64_t block_;
  uint64_t size_;
  size_t piece_;  // bytes of one command
};

}  // namespace libcopyfile
