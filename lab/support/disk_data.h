// What disks of the machine hold.
#pragma once

#include <cstdint>
#include <string>

#include "base/range.h"
#include "testing/oracle.h"

namespace libcopyfile::test {

inline constexpr uint64_t kMiB = uint64_t{1} << 20;

// Writes stamped data to a disk and waits until the disk has it.
void write_stamped(const std::string& disk, Range range, uint8_t file, Oracle& oracle);
// Fails the test where the disk does not hold in `range` what it should. Read around the page cache of this host; the range
// is in whole MiB.
void expect_disk(const std::string& disk, const Oracle& oracle, Range range);

}  // namespace libcopyfile::test
