// File systems without space: the right errno, nothing left, and the space given back. An area of its own, for these make
// file systems, and so are not run again with system calls refused.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "testing/c_interface.h"
#include "testing/islands.h"
#include "testing/scratch_error.h"
#include "testing/scratch_fs.h"
#include "testing/text_files.h"

namespace libcopyfile::test {
namespace {

using Names = std::vector<std::string>;

uint64_t free_bytes(const std::string& path) {
  struct statvfs now {};
  if (statvfs(path.c_str(), &now) != 0) throw ScratchError::of_errno("ask for free space");
  return now.f_bfree * now.f_frsize;
}

class NoSpace : public ::testing::TestWithParam<FsKind> {};
INSTANTIATE_TEST_SUITE_P(Limits, NoSpace,
                         ::testing::Values(FsKind::ext4, FsKind::xfs, FsKind::btrfs, FsKind::tmpfs),
                         [](const auto& i) { return std::string(name_of(i.param)); });

TEST_P(NoSpace, LeavesNothingAndGivesTheSpaceBack) {
  ScratchFs fs = ScratchFs::make(GetParam());
  const std::string source = test_directory(FsKind::tmpfs) + "/source";
  make_file(source, layout_of("data 40M"), 1);
  fs.leave_free(20 << 20);
  const uint64_t before = free_bytes(fs.path());
  for (const uint64_t flags :
       {uint64_t{0}, uint64_t{COPYFILE_NO_CACHE}, uint64_t{COPYFILE_SPARSE_NEVER}}) {
    copyfile_how how{};
    how.flags = flags;
    EXPECT_EQ(copy_at(source, fs.file("copy"), how), ENOSPC) << flags;
  }
  Names names = names_in(fs.path());
  std::erase(names, "lost+found");
  EXPECT_EQ(names, Names{".ballast"});
  // XFS gives the blocks of unlinked files back a little later.
  const Fd any(open(fs.path().c_str(), O_RDONLY | O_CLOEXEC));
  for (int i = 0; i < 100 && free_bytes(fs.path()) + (4 << 20) < before; ++i) {
    EXPECT_EQ(syncfs(any.get()), 0);
    usleep(20'000);
  }
  EXPECT_GE(free_bytes(fs.path()) + (4 << 20), before);
}

TEST_P(NoSpace, OldFileStaysWhenItCannotBeReplaced) {
  ScratchFs fs = ScratchFs::make(GetParam());
  const std::string source = test_directory(FsKind::tmpfs) + "/source";
  make_file(source, layout_of("data 40M"), 1);
  write_text(fs.file("copy"), "old");
  fs.leave_free(20 << 20);
  copyfile_how how{};
  how.replace = COPYFILE_REPLACE_FILE;
  EXPECT_EQ(copy_at(source, fs.file("copy"), how), ENOSPC);
  EXPECT_EQ(read_text(fs.file("copy")), "old");
}

TEST_P(NoSpace, RangesSayHowFarTheyCame) {
  ScratchFs fs = ScratchFs::make(GetParam());
  const Fd in = make_file(test_directory(FsKind::tmpfs) + "/source", layout_of("data 40M"), 1);
  const Fd out = make_file(fs.file("out"), {}, 0);
  fs.leave_free(20 << 20);
  copyfile_range range{0, 0, 40 << 20, 0};
  const ssize_t n = copyfilev(out.get(), in.get(), &range, 1, 0);
  if (n < 0) {
    EXPECT_EQ(errno, ENOSPC);  // found out before the first byte
    EXPECT_EQ(range.copied, 0U);
    return;
  }
  EXPECT_LT(n, 40 << 20);
  EXPECT_EQ(range.copied, static_cast<uint64_t>(n));
  Oracle oracle;
  oracle.write_stamped({0, range.copied}, 1);
  EXPECT_EQ(ftruncate(out.get(), static_cast<off_t>(range.copied)), 0);
  EXPECT_TRUE(holds(out.get(), oracle));
}

}  // namespace
}  // namespace libcopyfile::test
