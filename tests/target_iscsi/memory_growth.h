// How much more memory this process has than when it was asked first.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>

#include "sys/system_info.h"

namespace libcopyfile::test {

class MemoryGrowth {
 public:
  void expect_below(uint64_t bytes) const {
    const uint64_t now = resident_memory();
    EXPECT_LT(now - std::min(now, before_), bytes + kKept);
  }

 private:
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  // What is freed is kept for a while (quarantine_size_mb is 256), and has a shadow.
  static constexpr uint64_t kKept = 768U << 20;
#else
  static constexpr uint64_t kKept = 0;
#endif

  uint64_t before_ = resident_memory();
};

}  // namespace libcopyfile::test
