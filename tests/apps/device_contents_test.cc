#include "copyfile/device_contents.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <span>

namespace libcopyfile::app {
namespace {

std::string with(size_t at, std::string_view mark, std::string_view second = {},
                 size_t at_second = 0) {
  std::vector<std::byte> bytes(kMarks);
  std::ranges::copy(std::as_bytes(std::span(mark)), bytes.begin() + static_cast<ptrdiff_t>(at));
  std::ranges::copy(std::as_bytes(std::span(second)),
                    bytes.begin() + static_cast<ptrdiff_t>(at_second));
  return contents_of(bytes);
}

TEST(DeviceContents, KnowsWhatLeavesAMark) {
  EXPECT_EQ(with(0, "XFSB"), "an XFS file system");
  EXPECT_EQ(with(1080, "\x53\xef"), "an ext2, ext3 or ext4 file system");
  EXPECT_EQ(with(65600, "_BHRfS_M"), "a Btrfs file system");
  EXPECT_EQ(with(4086, "SWAPSPACE2"), "swap space");
  EXPECT_EQ(with(0, "LUKS\xba\xbe"), "an encrypted volume (LUKS)");
  EXPECT_EQ(with(512, "LABELONE"), "a physical volume of LVM");
  EXPECT_EQ(with(510, "\x55\xaa"), "a partition table");
}

TEST(DeviceContents, ATableOrAFileSystemIsNotABootSector) {
  EXPECT_EQ(with(510, "\x55\xaa", "EFI PART", 512), "a partition table (GPT)");
  EXPECT_EQ(with(510, "\x55\xaa", "NTFS    ", 3), "an NTFS file system");
}

TEST(DeviceContents, WithoutAMarkNothingIsKnown) {
  EXPECT_EQ(contents_of(std::vector<std::byte>(kMarks)), "nothing known");
  EXPECT_EQ(contents_of({}), "nothing known");
  std::vector<std::byte> cut(3);
  std::memcpy(cut.data(), "XFS", 3);
  EXPECT_EQ(contents_of(cut), "nothing known");
}

}  // namespace
}  // namespace libcopyfile::app
