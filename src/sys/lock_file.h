// flock(2): locks that belong to what open(2) made, and go away with its last descriptor, also by a crash.
#pragma once

#include "base/fd.h"

namespace libcopyfile {

enum class LockMode : uint8_t { shared, exclusive };

// Waits for at most `seconds`; EWOULDBLOCK then. Negative: for as long as it takes. A signal does not end it.
Done lock_file(int fd, LockMode mode, double seconds);
void unlock_file(int fd);

// Held while it lives. The descriptor is the caller's, and outlives it.
class HeldLock {
 public:
  static Result<HeldLock> take(int fd, LockMode mode, double seconds = -1);
  HeldLock(HeldLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  HeldLock& operator=(HeldLock&&) = delete;
  ~HeldLock();

 private:
  explicit HeldLock(int fd) : fd_(fd) {}
  int fd_;
};

}  // namespace libcopyfile
