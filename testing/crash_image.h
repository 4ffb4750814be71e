// A disk image at the moment of a power cut: what is on stable storage, and what of the rest happened to get there.
// Both are kept in memory; a mount changes the second, which is then made equal to the first again, page by page.
// (Cloning a file for each state costs as much, and a file system below it that has to honour flushes.)
#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <span>

#include "base/fd.h"
#include "testing/block_log.h"

namespace libcopyfile::test {

inline constexpr uint64_t kBlock = 4096;  // what a disk writes at once or not at all

// Bytes mapped into memory.
class Mapping {
 public:
  Mapping() = default;
  // Of a file, shared with it; with fd -1 of nothing: zeros. Throws ScratchError.
  Mapping(int fd, size_t size);
  Mapping(Mapping&& other) noexcept;
  Mapping& operator=(Mapping&& other) noexcept;
  ~Mapping();

  std::span<std::byte> bytes() const { return {data_, size_}; }

 private:
  std::byte* data_ = nullptr;
  size_t size_ = 0;
};

// Copies what of `from` is allocated and not zero. `to` is all zeros.
void copy_sparse(const Fd& from, std::span<std::byte> to);
uint64_t size_of(const Fd& file);

class CrashImage {
 public:
  explicit CrashImage(const Fd& initial);

  // What a loop device is made of. Equal to the stable bytes and what has been applied.
  const Fd& file() const { return file_; }
  // The event has reached stable storage.
  void settle(const BlockEvent& event);
  // `length` bytes of the event, from its byte `from` on, have reached the medium although nobody asked for it.
  void apply(const BlockEvent& event, uint64_t from, uint64_t length);
  // The same for the same bytes.
  uint64_t fingerprint() const;
  // Forgets what was applied: before it was mounted, and after.
  void undo();
  void undo_everything();

 private:
  std::span<std::byte> stable_block(uint64_t block) const;
  std::span<std::byte> block(uint64_t block) const;

  Fd file_;
  Mapping stable_;
  Mapping now_;
  uint64_t sum_ = 0;  // changes of the stable bytes, as a sum over blocks
  std::set<uint64_t> touched_;
};

}  // namespace libcopyfile::test
