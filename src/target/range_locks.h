// Locks of byte ranges of one image: shared by whoever reads a range for longer than one transfer (a copy's source), exclusive for
// what must be one step to everybody (COMPARE AND WRITE, WRITE SAME, ORWRITE, a copy's destination, a plain write while one of those is there).
#pragma once

#include <condition_variable>
#include <list>
#include <mutex>
#include <vector>

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

  // Waits until nothing that conflicts is held. Who came first is served first, so nobody starves.
  Hold acquire(Range range, Mode mode);
  // Not held() where it would have to wait.
  Hold try_acquire(Range range, Mode mode);

 private:
  struct Entry {
    uint64_t number = 0;
    Range range;
    Mode mode = Mode::shared;
    bool granted = false;
  };
  bool conflicts(const Entry& entry) const;
  void release(uint64_t number);

  std::mutex mutex_;
  std::condition_variable changed_;
  std::list<Entry> entries_;  // in the order of arrival
  uint64_t next_ = 1;
};

// Locks of two images at once, in an order that can't deadlock with the opposite one.
struct CopyHold {
  RangeLocks::Hold source, destination;
};
CopyHold acquire_for_copy(RangeLocks& from, Range source, RangeLocks& to, Range destination);

}  // namespace libcopyfile::target
