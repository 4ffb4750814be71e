// The LUNs that setup has made, as this host sees them and as their target does.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <string>
#include <thread>

#include "lab/support/disk_data.h"

namespace libcopyfile::test {

// What passed between this host and its disks sda and sdb.
struct HostTraffic {
  uint64_t bytes =
      0;  // read and written by the block layer, which does not count what programs send by SG_IO
  uint64_t read =
      0;  // of sda, by its target, which counts both and not what it copies on its own; in whole MiB
};

// What has passed since this was made.
class Traffic {
 public:
  Traffic() : before_(total()) {}
  HostTraffic so_far() const;

 private:
  static HostTraffic total();
  HostTraffic before_;
};

// Fewer bytes than 1% of `bytes` passed through this host.
::testing::AssertionResult stayed_in_the_storage(const HostTraffic& traffic, uint64_t bytes);

// Does something when a few MiB have got to sdb, once.
std::thread in_between(std::function<void()> what);
// Whether the target lets the LUN behind sda take part in copies.
void allow_copies(bool allowed);
// Takes sdb away, for good.
void remove_second_lun();

}  // namespace libcopyfile::test
