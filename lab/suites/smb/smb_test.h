// The mounts that suites/smb/setup has made.
#pragma once

#include <gtest/gtest.h>

#include "lab/support/smb_counters.h"
#include "lab/support/workplace.h"

namespace libcopyfile::test {

inline constexpr uint64_t kMiB = uint64_t{1} << 20;

struct Share {
  const char* name;
  const char* mount;
  const char* server;
};
inline constexpr Share kXfs{"xfs", "/mnt/xfs", "/srv/xfs/one"};
inline constexpr Share kXfs2{"xfs2", "/mnt/xfs2", "/srv/xfs/two"};
inline constexpr Share kBtrfs{"btrfs", "/mnt/btrfs", "/srv/btrfs"};
inline constexpr Share kOld{"xfs", "/mnt/old", "/srv/xfs/one"};  // SMB 1
// Mounted by the tests that need it.
inline constexpr Share kLesser{"lesser", "/mnt/lesser", "/srv/xfs/lesser"};

// Fewer bytes than 1% of `bytes` went over the wire, in either direction.
inline ::testing::AssertionResult stayed_on_the_server(const SmbCounters& counters,
                                                       uint64_t bytes) {
  if (counters.read < bytes / 100 && counters.written < bytes / 100) {
    return ::testing::AssertionSuccess();
  }
  return ::testing::AssertionFailure() << counters.read << " bytes were read and "
                                       << counters.written << " written, of " << bytes;
}

}  // namespace libcopyfile::test
