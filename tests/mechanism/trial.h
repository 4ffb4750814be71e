// One run of a mechanism on a pair of real files, and the checks that the contract (mechanism.h) asks for after every
// run, however it ended.
#pragma once

#include <atomic>

#include "subjects.h"
#include "testing/faulty_system.h"

namespace libcopyfile::test {

// Counts, and says stop at call number `stop_at`.
class TestControl final : public Control {
 public:
  bool moved(uint64_t bytes) override;
  uint64_t chunk() const override { return chunk_; }

  void set_chunk(uint64_t bytes) { chunk_ = bytes; }
  void stop_at(uint64_t call) { stop_at_ = call; }
  uint64_t calls() const { return calls_; }
  uint64_t reported() const { return reported_; }
  bool stopped() const { return calls_ > stop_at_; }
  uint64_t largest_step() const { return largest_; }
  bool overlapped() const { return overlapped_; }

 private:
  std::atomic<bool> inside_{false};
  std::atomic<bool> overlapped_{false};
  uint64_t chunk_ = 64 << 10;
  uint64_t stop_at_ = UINT64_MAX;
  uint64_t calls_ = 0;
  uint64_t reported_ = 0;
  uint64_t largest_ = 0;
};

enum class Size : uint8_t {
  normal,  // some hundred KiB in four ranges
  small,   // a few KiB in three ranges: for transfers of one byte
};

class Trial {
 public:
  Trial(const Case& c, const std::string& directory, Size size = Size::normal);

  // Faults to be injected and hooks go here, before run(). Files are called "source" and "out".
  FaultySystem system;
  TestControl control;

  const Moved& run();
  // Without counting descriptors, which other threads open and close meanwhile.
  const Moved& run_beside_others();
  const Moved& moved() const { return moved_; }
  uint64_t asked() const { return total_length(ranges_); }
  // May be changed before run().
  Facts& facts() { return facts_; }
  int source() const { return in_.get(); }
  int out() const { return out_.get(); }
  uint64_t source_size() const { return source_bytes_->size(); }
  const std::vector<CopyRange>& ranges() const { return ranges_; }

  // Everything that must hold after any run: what is counted is in place; nothing is changed outside of the
  // destinations; positions, descriptors and sizes are as they should be; what Moved says fits together.
  void check();
  // From where it stopped, the rest is copied by reading and writing: the result must be the whole copy. Not after the
  // source has been changed.
  void check_continuation();

 private:
  // The copy as it is now, made as long as the destinations reach: what is counted and lies behind the end of the file is
  // a hole that only lacks the size. `size` is that of the file.
  std::vector<std::byte>& read_out(uint64_t& size) const;
  std::vector<std::byte>& expected(uint64_t counted, const std::vector<std::byte>& now) const;
  void check_size(uint64_t size) const;
  void check_meaning() const;

  const Subject& subject_;
  const std::vector<std::byte>* source_bytes_ = nullptr;
  const std::vector<std::byte>* old_bytes_ = nullptr;
  std::vector<CopyRange> ranges_;
  Fd in_;
  Fd out_;
  Facts facts_;
  Moved moved_;
};

}  // namespace libcopyfile::test
