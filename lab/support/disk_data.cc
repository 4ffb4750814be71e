#include "lab/support/disk_data.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "base/buffer.h"
#include "base/fd.h"
#include "testing/scratch_error.h"
#include "testing/stamped.h"

namespace libcopyfile::test {
namespace {

Fd open_disk(const std::string& disk, int flags) {
  Fd fd(open(("/dev/" + disk).c_str(), flags | O_CLOEXEC));
  if (!fd.valid()) throw ScratchError::of_errno("open /dev/" + disk);
  return fd;
}

}  // namespace

void write_stamped(const std::string& disk, Range range, uint8_t file, Oracle& oracle) {
  const Fd fd = open_disk(disk, O_WRONLY);
  std::vector<std::byte> buffer(kMiB);
  for (uint64_t at = range.begin; at < range.end; at += kMiB) {
    fill_stamped(buffer, file, at);
    const ssize_t n = pwrite(fd.get(), buffer.data(), buffer.size(), static_cast<off_t>(at));
    if (n != static_cast<ssize_t>(buffer.size())) throw ScratchError::of_errno("write " + disk);
  }
  if (fsync(fd.get()) != 0) throw ScratchError::of_errno("sync " + disk);
  oracle.write_stamped(range, file);
}

void expect_disk(const std::string& disk, const Oracle& oracle, Range range) {
  const Fd fd = open_disk(disk, O_RDONLY | O_DIRECT);
  AlignedBuffer buffer(kMiB);
  ASSERT_TRUE(buffer.valid());
  const std::span<std::byte> found = buffer.span();
  std::vector<std::byte> wanted(kMiB);
  for (uint64_t at = range.begin; at < range.end; at += kMiB) {
    ASSERT_EQ(pread(fd.get(), found.data(), found.size(), static_cast<off_t>(at)),
              static_cast<ssize_t>(kMiB))
        << disk << " at " << at;
    oracle.read(at, wanted);
    if (std::memcmp(found.data(), wanted.data(), kMiB) == 0) continue;
    const auto first = std::mismatch(found.begin(), found.end(), wanted.begin());
    const auto where = static_cast<size_t>(first.first - found.begin());
    FAIL() << disk << " at " << at + where << ": should be "
           << identify(std::span(wanted).subspan(where)) << ", is "
           << identify(found.subspan(where));
  }
}

}  // namespace libcopyfile::test
