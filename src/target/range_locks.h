// Locks of byte ranges of one image: shared by whoever reads a range for longer than one transfer (a copy's source), exclusive for
// what must be one step to everybody (COMPARE AND WRITE, WRITE SAME, ORWRITE, a copy's destination, a plain write while one of those is there).
#pragma once

#include <array>
#include <condition_variable>
#include <cstdint>
#include <list>
#include <mutex>

#include "base/range.h"

namespace libcopyfile::target {

class RangeLocks {
 public:
  enum class Mode : uint8_t { shared, exclusive };

  class [[nodiscard]] Hold {
   public:
    Hold() = default;
    Hold(Hold&& other) noexcept;
    Hold& operator=(Hold&& other) noexcept;
    ~Hold();
    bool held() const { return locks_ != nullptr; }

   private:
    friend class RangeLocks;
    RangeLocks* locks_ = nullptr;
    uint64_t number_ = 0;
  };

  // Waits until nothing that conflicts is held. Who came first is served first, so nobody starves. An empty range conflicts with
  // nothing. REQUIRES: the caller holds none of these locks: it could wait for itself.
  Hold acquire(Range range, Mode mode);
  // Not held() where it would have to wait.
  Hold try_acquire(Range range, Mode mode);
  // Both ranges in one step: taken one after the other, the second could wait for somebody who waits for the first.
  Hold acquire_both(Range shared, Range exclusive);

 private:
  struct Part {
    Range range;
    Mode mode = Mode::shared;
  };
  struct Entry {
    uint64_t number = 0;
    std::array<Part, 2> parts;  // the second may be empty
  };
  using Entries = std::list<Entry>;

  Entries::iterator enter(const std::array<Part, 2>& parts);
  // Whether somebody who came before it is in its way: granted or not, so that the order is kept.
  bool waits(Entries::const_iterator entry) const;
  Hold wait_for(std::unique_lock<std::mutex>& lock, Entries::iterator entry);
  Hold granted(Entries::const_iterator entry);
  void release(uint64_t number);

  std::mutex mutex_;
  std::condition_variable changed_;
  Entries entries_;  // held and waited for, in the order of arrival
  unsigned waiting_ = 0;
  uint64_t next_ = 1;
};

// Locks of two images at once, in an order that can't deadlock with the opposite one.
struct CopyHold {
  RangeLocks::Hold source, destination;  // where both are of one image, the second holds both
};
CopyHold acquire_for_copy(RangeLocks& from, Range source, RangeLocks& to, Range destination);

}  // namespace libcopyfile::target
