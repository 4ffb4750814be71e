// An image in memory: sparse, counts what it is asked, fails on demand, shares blocks with others of its kind or refuses to.
#pragma once

#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "target/image.h"

namespace libcopyfile::test {

// Any thread. Images of one `file_system` may share; all made by one test do, unless they are told otherwise.
class MemoryImage final : public target::Image, public std::enable_shared_from_this<MemoryImage> {
 public:
  struct Options {
    uint64_t size = uint64_t{64} << 20;
    uint64_t file_system = 1;
    uint32_t granularity = 4096;
    bool read_only = false;
    bool can_share = true;
    bool has_unnamed_files = true;
    // Every read and write has to be asked for again, with MayBlock::yes.
    bool would_block = false;
    std::string name = "memory";
  };
  explicit MemoryImage(Options options);

  // Which call fails, how often, and how.
  struct Fault {
    Op op =
        Op::read;  // read, write, sync, punch (zero), clone (copy_from), create (scratch, snapshot)
    int error = 5;
    unsigned after = 0;  // so many go well before
    unsigned times = 1;
  };
  void add(Fault fault);
  // The next copy_from() waits before each piece until it is let go, or its progress says stop.
  void hold_copies(bool held) { copies_held_ = held; }
  // copy_from() takes so long for each MiB.
  void slow_copies(unsigned ms) { copy_ms_ = ms; }
  // Reads, writes and flushes that may block wait so long as this is set.
  void hold_transfers(bool held) { transfers_held_ = held; }

  struct Calls {
    std::atomic<unsigned> reads{0}, writes{0}, flushes{0}, zeros{0}, prefetches{0}, copies{0},
        scratches{0}, snapshots{0}, refused_to_block{0};
  };
  const Calls& calls() const { return calls_; }
  // What is at `offset`, without a call.
  std::vector<uint8_t> peek(uint64_t offset, size_t length) const;
  void poke(uint64_t offset, std::span<const uint8_t> data);
  // How many bytes are not holes.
  uint64_t allocated() const;
  // Whether the blocks of `range` are the same ones as those of `other` at `offset`.
  bool shares(Range range, const MemoryImage& other, uint64_t offset) const;

  const target::ImageInfo& info() const override { return info_; }
  std::string name() const override { return options_.name; }
  Done read(uint64_t offset, std::span<uint8_t> into, target::MayBlock may) override;
  Done write(uint64_t offset, std::span<const uint8_t> data, target::MayBlock may) override;
  Done flush() override;
  Done zero(Range range, bool unmap) override;
  Done prefetch(Range range) override;
  Result<Run> run_at(uint64_t offset, uint64_t until) override;
  Done copy_from(Image& from, uint64_t from_offset, uint64_t offset, uint64_t length,
                 const target::CopyProgress& progress, target::CopyAccount& account) override;
  Result<std::shared_ptr<Image>> scratch(uint64_t size) override;
  Done snapshot(const std::string& path) override;

 private:
  using Block = std::shared_ptr<std::vector<uint8_t>>;

  Done check(Op op, uint64_t offset, uint64_t length);
  void get(uint64_t offset, std::span<uint8_t> into) const;
  void put(uint64_t offset, std::span<const uint8_t> data);
  void clear(Range range, bool unmap);
  Done copy_piece(MemoryImage& from, uint64_t from_offset, uint64_t offset, uint64_t length,
                  target::CopyAccount& account);

  const Options options_;
  target::ImageInfo info_;
  mutable std::mutex mutex_;
  std::map<uint64_t, Block> blocks_;  // by number
  std::deque<Fault> faults_;
  std::atomic<bool> copies_held_{false}, transfers_held_{false};
  std::atomic<unsigned> copy_ms_{0};
  Calls calls_;
};

std::shared_ptr<MemoryImage> memory_image(uint64_t size);
std::shared_ptr<MemoryImage> memory_image(MemoryImage::Options options);

}  // namespace libcopyfile::test
