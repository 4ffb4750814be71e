// The mounts that suites/nfs/setup has made.
#pragma once

#include <gtest/gtest.h>

#include "lab/support/nfs_counters.h"
#include "lab/support/workplace.h"

namespace libcopyfile::test {

inline constexpr uint64_t kMiB = uint64_t{1} << 20;

struct NfsMount {
  const char* name;
  const char* mount;
  const char* server;
};
inline constexpr NfsMount kOnXfs{"xfs", "/mnt/xfs", "/srv/xfs"};
inline constexpr NfsMount kOnExt4{"ext4", "/mnt/ext4", "/srv/ext4"};
inline constexpr NfsMount kOld{"old", "/mnt/old", "/srv/xfs"};  // NFSv4.1

// Fewer bytes than 1% of `bytes` went over the wire, in either direction.
::testing::AssertionResult stayed_on_the_server(const NfsCounters& counters, uint64_t bytes);

class NfsTest : public ::testing::Test {
 protected:
  explicit NfsTest(const NfsMount& where)
      : mount_(where.mount), place_(where.mount, where.server) {}
  NfsTraffic traffic() const { return NfsTraffic(mount_); }

  std::string mount_;
  Workplace place_;
};

class OnXfs : public NfsTest {
 protected:
  OnXfs() : NfsTest(kOnXfs) {}
};
class OnExt4 : public NfsTest {
 protected:
  OnExt4() : NfsTest(kOnExt4) {}
};
class OnOld : public NfsTest {
 protected:
  OnOld() : NfsTest(kOld) {}
};
class OnBoth : public ::testing::WithParamInterface<NfsMount>, public NfsTest {
 protected:
  OnBoth() : NfsTest(GetParam()) {}
  bool clones() const { return mount_ == kOnXfs.mount; }
};

}  // namespace libcopyfile::test
