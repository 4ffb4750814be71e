// A unit in memory, and commands on its blocks.
#pragma once

#include <gtest/gtest.h>

#include "target/block_limits.h"
#include "target/mode_pages.h"
#include "testing/target_bench.h"
#include "wire/sense_codes.h"

namespace libcopyfile::test {

namespace codes = wire::codes;

// The CDBs of SBC-3 that have a LBA and a number of blocks; `length` is that of the CDB.
inline wire::Bytes block_cdb(uint8_t opcode, uint64_t lba, uint64_t blocks, uint8_t flags = 0) {
  const unsigned group = opcode >> 5;
  const size_t length = group == 0 ? 6 : group == 4 ? 16 : group == 5 ? 12 : 10;
  wire::Bytes cdb(length);
  wire::Writer out(cdb);
  switch (length) {
    case 6:
      out.be24(1, static_cast<uint32_t>(lba));
      out.u8(4, static_cast<uint8_t>(blocks));
      break;
    case 10:
      out.be32(2, static_cast<uint32_t>(lba));
      out.be16(7, static_cast<uint16_t>(blocks));
      break;
    case 12:
      out.be32(2, static_cast<uint32_t>(lba));
      out.be32(6, static_cast<uint32_t>(blocks));
      break;
    default: out.be64(2, lba); out.be32(10, static_cast<uint32_t>(blocks));
  }
  out.u8(0, opcode);
  if (length != 6) out.u8(1, flags);
  return cdb;
}

inline wire::Bytes bytes_like(size_t size, uint8_t seed) {
  wire::Bytes data(size);
  for (size_t i = 0; i < size; ++i) data[i] = static_cast<uint8_t>(seed + i * 5 + (i >> 8));
  return data;
}

class BlockTest : public ::testing::Test {
 protected:
  static constexpr uint64_t kBlock = 512;
  static constexpr uint64_t kBlocks = 131072;  // 64 MiB

  BlockTest() { make({}); }
  void make(TargetBench::Options options) {
    bench_.reset();
    bench_ = std::make_unique<TargetBench>(std::move(options));
  }

  target::TaskPtr run(const wire::Bytes& cdb, wire::View data = {}) {
    return bench_->execute(cdb, data, 1U << 25, {});
  }
  wire::SenseCode refusal(const wire::Bytes& cdb, wire::View data = {}) {
    const target::TaskPtr task = run(cdb, data);
    EXPECT_EQ(task->outcome.status, target::Status::check_condition);
    EXPECT_EQ(task->data_in.size(), 0U);
    return task->outcome.sense.code;
  }
  ::testing::AssertionResult good(const wire::Bytes& cdb, wire::View data = {}) {
    const target::TaskPtr task = run(cdb, data);
    if (task->outcome.status == target::Status::good) return ::testing::AssertionSuccess();
    return ::testing::AssertionFailure()
           << "status " << static_cast<int>(task->outcome.status) << " sense "
           << static_cast<int>(task->outcome.sense.code.key) << "/"
           << static_cast<int>(task->outcome.sense.code.asc) << "/"
           << static_cast<int>(task->outcome.sense.code.ascq);
  }
  void set_write_cache(bool on) {
    TargetBench::Options options;
    options.unit.write_cache = on;
    make(options);
  }
  wire::Bytes stored(uint64_t lba, uint64_t blocks) {
    return image().peek(lba * kBlock, blocks * kBlock);
  }
  void store(uint64_t lba, const wire::Bytes& data) { image().poke(lba * kBlock, data); }
  MemoryImage& image() { return bench_->image(); }
  target::LogicalUnit& unit() { return bench_->unit(); }

  std::unique_ptr<TargetBench> bench_;
};

// What every command on a range of blocks does alike; `data_blocks`: how many blocks of data come with a command for one.
struct BlockCommand {
  uint8_t opcode;
  uint8_t flags;
  unsigned data_blocks;
  const char* name;
  bool writes;
  target::Status good = target::Status::good;
};

}  // namespace libcopyfile::test
