// The first copies between two devices are compared: that a device says "done" does not prove that it found the blocks that were
// meant, and wrong ones are silent corruption.
#pragma once

#include <functional>

#include "mechanism/mechanism.h"
#include "sys/device_queue.h"
#include "wire/bytes.h"

namespace libcopyfile {

struct Proving {
  Control& control;
  bool proven = false;   // it was done already
  uint64_t unit = 512;   // the least that can be copied, bytes
  uint32_t block = 512;  // what read_block() reads, bytes
  // Both below the kernel, as the device itself sees its blocks.
  std::function<Result<wire::Bytes>(Unit unit, uint64_t offset)> read_block;
  std::function<Moved(Control& control, std::span<const CopyRange> ranges)> copy;
};

// Copies `ranges`. Where the pair is not proven, small pieces come first, each read back before it counts, until one of them has
// changed the destination as it should.
Moved prove_then_copy(const Proving& proving, std::span<const CopyRange> ranges);

// A mechanism that the verdict speaks against.
Moved refused(const Verdict& verdict);

}  // namespace libcopyfile
