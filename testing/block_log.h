// What a recording block device was asked, in exact order: the format that testing/block_recorder_fuse writes and the crash
// suite (tests/crash) reads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace libcopyfile::test {

enum class BlockOp : uint32_t {
  write,    // `length` bytes follow
  zero,     // zeros written without data (BLKZEROOUT)
  discard,  // reads as zeros from then on
  flush,    // all before it is on stable storage
  mark,     // `length` bytes of text follow: where the workload is
};

// Little- or big-endian as the machine: a log is read where it was written.
struct BlockRecord {
  BlockOp op = BlockOp::write;
  uint32_t magic = kMagic;
  uint64_t offset = 0;
  uint64_t length = 0;

  static constexpr uint32_t kMagic = 0x4B434C42;
};
static_assert(sizeof(BlockRecord) == 24);

struct BlockEvent {
  BlockOp op = BlockOp::write;
  uint64_t offset = 0;
  uint64_t length = 0;
  std::span<const std::byte> data;  // of writes; within the log

  std::string_view text() const {
    return {reinterpret_cast<const char*>(data.data()), data.size()};
  }
  bool changes() const { return op != BlockOp::flush && op != BlockOp::mark; }
};

// Throws ScratchError where the log is not whole.
std::vector<BlockEvent> parse_block_log(std::span<const std::byte> log);

}  // namespace libcopyfile::test
