// The only owner of a file descriptor.
#pragma once

#include <utility>

#include "base/error.h"

namespace libcopyfile {

// Move-only. Converting to bool is left out on purpose: 0 is a valid descriptor and -1 is "true".
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    if (this != &other) {
      reset();
      fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
  }
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  ~Fd() { reset(); }

  bool valid() const { return fd_ >= 0; }
  int get() const { return fd_; }
  // Gives the descriptor away; the caller closes it.
  int release() { return std::exchange(fd_, -1); }

  // Closes and tells: the success path calls this, because NFS and quotas report lost data only here (close(2)). EINTR
  // is success on Linux: the descriptor is gone.
  [[nodiscard]] Done close();

 private:
  void reset() noexcept;  // failure path: errno survives, the outcome is ignored

  int fd_ = -1;
};

}  // namespace libcopyfile
