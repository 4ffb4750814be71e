// A second process that changes a tree while it is walked.
#pragma once

#include <atomic>
#include <functional>

#include "testing/child.h"

namespace libcopyfile::test {

class Swapper {
 public:
  // `act` is called again and again in a process of its own, with the number of the call; it says how much it changed.
  explicit Swapper(std::function<size_t(size_t)> act);
  ~Swapper();
  Swapper(const Swapper&) = delete;
  Swapper& operator=(const Swapper&) = delete;

  // Changes so far.
  size_t swaps() const { return shared_->swaps; }

 private:
  struct Shared {
    std::atomic<bool> stop{false};
    std::atomic<size_t> swaps{0};
  };
  static Shared* share();

  Shared* shared_;
  Child child_;
};

// Both names change places: renameat2(2) RENAME_EXCHANGE. Whether it could be done.
bool exchange(int a_dir, const char* a, int b_dir, const char* b);

}  // namespace libcopyfile::test
