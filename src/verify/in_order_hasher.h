// A digest of a file whose bytes several workers bring at once. They are hashed in the order of the file: whoever comes too early
// waits. Workers take chunks in order, and each brings a chunk before it takes the next, so that who has the earliest waits for
// nobody. When all who are at work wait, the chunk that they wait for was lost with a worker that has left: then nobody waits
// any longer, and there is no digest.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "base/range_set.h"
#include "verify/hasher.h"

namespace libcopyfile {

class InOrderHasher {
 public:
  explicit InOrderHasher(Hasher hasher) : hasher_(std::move(hasher)) {}

  // Asked now and then while much is hashed; false ends it.
  using GoOn = std::function<bool()>;

  // Nobody brings these bytes: they are zero. Not while threads are adding.
  void expect_zeros(Range range) { zeros_.add(range); }

  // A worker begins, before it takes a chunk; and it ends, however it does.
  void enter();
  void leave();

  // Hashes `data`, and the expected zeros before `offset`, when everything before that has been hashed. False if there will be no
  // digest: what lies before will not come, what was brought before reaches behind `offset`, or `go_on` said so.
  bool add(uint64_t offset, std::span<const std::byte> data, const GoOn& go_on);

  // Of the first `size` bytes; nothing if not just they have been brought, or `go_on` said so. When no thread is adding.
  Result<std::optional<Digest>> finish(uint64_t size, const GoOn& go_on);
  // How many bytes were hashed.
  uint64_t position() const;

 private:
  bool is_next(uint64_t offset) const;
  bool all_wait_in_vain() const;
  void give_up();
  bool hash_zeros(uint64_t count, const GoOn& go_on);

  Hasher hasher_;  // of whoever has set busy_
  mutable std::mutex mutex_;
  std::condition_variable turn_;
  RangeSet zeros_;
  uint64_t position_ = 0;
  bool busy_ = false;
  size_t workers_ = 0;
  std::vector<uint64_t> waiting_;  // the offsets that workers have brought
};

}  // namespace libcopyfile
