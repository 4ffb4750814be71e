#include "sys/thread.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

namespace libcopyfile::test {
namespace {

// struct sched_attr: the eight fields of its first version, 4 bytes each or 8.
struct Attributes {
  uint32_t size, policy;
  uint64_t flags;
  int32_t nice;
  uint32_t priority;
  uint64_t runtime, deadline, period;
};

Attributes attributes_of_this_thread() {
  Attributes now{};
  EXPECT_EQ(syscall(SYS_sched_getattr, 0, &now, sizeof now, 0), 0);
  return now;
}

TEST(Thread, WishesAreItsOwn) {
  const Attributes before = attributes_of_this_thread();
  Attributes wished{};
  {
    const auto thread = Thread::start([&] {
      lower_priority_of_this_thread();
      shorten_slices_of_this_thread();
      wished = attributes_of_this_thread();
    });
    ASSERT_TRUE(thread);
  }
  EXPECT_EQ(wished.policy, before.policy);
  EXPECT_EQ(wished.nice, std::max(before.nice, 10));
  // A kernel before 6.12 has no slices to tell of: 0.
  if (before.runtime != 0) {
    EXPECT_EQ(wished.runtime, 100'000U);
  }
  const Attributes after = attributes_of_this_thread();
  EXPECT_EQ(after.nice, before.nice);
  EXPECT_EQ(after.runtime, before.runtime);
}

}  // namespace
}  // namespace libcopyfile::test
