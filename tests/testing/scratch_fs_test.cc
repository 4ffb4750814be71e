// The scratch file systems are what they are said to be, and leave nothing behind.
#include "testing/scratch_fs.h"
#include "testing/places.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <signal.h>
#include <spawn.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <thread>

#include "testing/inspect.h"
#include "testing/islands.h"
#include "testing/loop_device.h"
#include "testing/private_mounts.h"
#include "testing/process.h"
#include "testing/scratch_error.h"

namespace libcopyfile::test {
namespace {

using namespace std::chrono_literals;

std::string mounts() {
  std::ifstream file("/proc/self/mounts");
  return {std::istreambuf_iterator<char>(file), {}};
}

template <class Condition>
bool becomes_true(Condition condition) {
  for (int i = 0; i < 500; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(10ms);
  }
  return false;
}

class EachFs : public ::testing::TestWithParam<FsKind> {};

INSTANTIATE_TEST_SUITE_P(Scratch, EachFs, ::testing::ValuesIn(kAllFs),
                         [](const auto& i) { return std::string(name_of(i.param)); });

TEST_P(EachFs, HoldsFilesWithIslands) {
  const ScratchFs fs = ScratchFs::make(GetParam());
  const Layout layout = layout_of("data 64K, hole 1M, unwritten 128K, data 5");
  const Fd fd = make_file(fs.file("x"), layout, 7);
  EXPECT_TRUE(holds(fd.get(), oracle_of(layout, 7)));
}

TEST_P(EachFs, IsGoneAfterwards) {
  mount_root();
  const std::string before = mounts();
  std::string path;
  std::string device;
  std::optional<std::pair<uint64_t, uint64_t>> image;
  {
    const ScratchFs fs = ScratchFs::make(GetParam());
    path = fs.path();
    device = fs.device();
    EXPECT_NE(mounts(), before);
    if (!device.empty()) {
      image = image_of_loop(device);
      EXPECT_TRUE(image);
    }
  }
  EXPECT_EQ(mounts(), before);
  EXPECT_NE(access(path.c_str(), F_OK), 0);
  if (!device.empty()) {
    EXPECT_NE(image_of_loop(device), image);
  }
}

TEST_P(EachFs, ClonesWhereItShould) {
  const ScratchFs fs = ScratchFs::make(GetParam());
  const Fd from = make_file(fs.file("from"), layout_of("data 1M"), 1);
  const Fd to = make_file(fs.file("to"), {}, 0);
  const bool can =
      GetParam() == FsKind::xfs || GetParam() == FsKind::btrfs || GetParam() == FsKind::overlay;
  EXPECT_EQ(ioctl(to.get(), FICLONE, from.get()), can ? 0 : -1);
  if (!can) {
    EXPECT_EQ(errno, EOPNOTSUPP);
  }
  if (can && GetParam() != FsKind::overlay) {
    EXPECT_TRUE(shares_all(to.get(), from.get(), {0, 1 << 20}));
  }
}

TEST_P(EachFs, CanBeMadeReadOnly) {
  ScratchFs fs = ScratchFs::make(GetParam());
  fs.set_read_only(true);
  EXPECT_LT(open(fs.file("x").c_str(), O_CREAT | O_WRONLY, 0600), 0);
  EXPECT_EQ(errno, EROFS);
  fs.set_read_only(false);
  EXPECT_TRUE(Fd(open(fs.file("x").c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600)).valid());
}

// An overlay and the liar have no space of their own.
class FsWithSpace : public ::testing::TestWithParam<FsKind> {};

INSTANTIATE_TEST_SUITE_P(Scratch, FsWithSpace,
                         ::testing::Values(FsKind::ext4, FsKind::xfs, FsKind::btrfs, FsKind::tmpfs),
                         [](const auto& i) { return std::string(name_of(i.param)); });

TEST_P(FsWithSpace, CanBeFilled) {
  ScratchFs fs = ScratchFs::make(GetParam(), {.size = 320 << 20});
  fs.leave_free(1 << 20);
  const Fd fd(open(fs.file("x").c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
  ASSERT_TRUE(fd.valid());
  const std::vector<char> megabyte(1 << 20, 'x');
  int written = 0;
  while (written < 64 && write(fd.get(), megabyte.data(), megabyte.size()) > 0) ++written;
  EXPECT_EQ(errno, ENOSPC);
  EXPECT_LE(written, 16);
}

TEST(ScratchFs, DeviceHasTheSectorSizeAskedFor) {
  const ScratchFs fs = ScratchFs::ext4({.sector = 4096});
  const Fd device(open(fs.device().c_str(), O_RDONLY | O_CLOEXEC));
  int size = 0;
  ASSERT_EQ(ioctl(device.get(), BLKSSZGET, &size), 0);
  EXPECT_EQ(size, 4096);
}

TEST(ScratchFs, MkfsArgumentsAndSizeAreUsed) {
  const ScratchFs fs = ScratchFs::ext4({.size = 16 << 20, .mkfs = {"-b", "1024"}});
  struct statfs now {};
  ASSERT_EQ(statfs(fs.path().c_str(), &now), 0);
  EXPECT_EQ(now.f_bsize, 1024);
  EXPECT_LE(static_cast<uint64_t>(now.f_blocks) * 1024, 16U << 20);
}

TEST(ScratchFs, RemountingDropsThePageCache) {
  ScratchFs fs = ScratchFs::xfs();
  { make_file(fs.file("x"), layout_of("data 1M"), 1); }
  fs.remount();
  const Fd fd(open(fs.file("x").c_str(), O_RDONLY | O_CLOEXEC));
  EXPECT_EQ(cached_bytes(fd.get()), 0U);
  EXPECT_TRUE(holds(fd.get(), oracle_of(layout_of("data 1M"), 1)));
}

TEST(ScratchFs, OverlayShowsItsLowerLayer) {
  const ScratchFs base = ScratchFs::ext4();
  const std::string lower = base.file("lower");
  ASSERT_EQ(mkdir(lower.c_str(), 0755), 0);
  { make_file(lower + "/x", layout_of("data 100"), 3); }
  const ScratchFs fs = ScratchFs::overlay(base, lower);
  const Fd fd(open(fs.file("x").c_str(), O_RDONLY | O_CLOEXEC));
  EXPECT_TRUE(holds(fd.get(), oracle_of(layout_of("data 100"), 3)));
}

TEST(ScratchFs, ImageCanBeKeptInADirectory) {
  const ScratchFs disk = ScratchFs::tmpfs();
  const ScratchFs fs = ScratchFs::ext4({.image_directory = disk.path()});
  const Fd fd = make_file(fs.file("x"), layout_of("data 4M"), 1);
  EXPECT_EQ(fsync(fd.get()), 0);
  struct statfs now {};
  ASSERT_EQ(statfs(disk.path().c_str(), &now), 0);
  EXPECT_GE((now.f_blocks - now.f_bfree) * static_cast<uint64_t>(now.f_bsize), 4U << 20);
}

TEST(ScratchFs, FailureNamesTheReason) {
  try {
    ScratchFs::ext4({.mount = "no-such-option"});
    FAIL() << "mounted";
  } catch (const ScratchError& error) {
    EXPECT_NE(std::string(error.what()).find("no-such-option"), std::string::npos) << error.what();
  }
}

TEST(ScratchFs, SharedOneIsMadeOnce) {
  const std::string first = test_directory(FsKind::tmpfs);
  const std::string second = test_directory(FsKind::tmpfs);
  EXPECT_EQ(&shared_fs(FsKind::tmpfs), &shared_fs(FsKind::tmpfs));
  EXPECT_NE(first, second);
  EXPECT_EQ(first, shared_fs(FsKind::tmpfs).file("ScratchFs.SharedOneIsMadeOnce"));
}

TEST(ScratchFs, CommandHandsItsMountsOn) {
  const Finished done =
      run({places::kScratch, "tmpfs:64", "ext4:64", "--", "sh", "-c",
           "test $SCRATCH_TMPFS = {tmpfs} && stat -f -c %T $SCRATCH_TMPFS $SCRATCH_EXT4; exit 5"});
  EXPECT_EQ(done.out, "tmpfs\next2/ext3\n");
  EXPECT_EQ(done.exit_code, 5);
  EXPECT_EQ(run({places::kScratch, "ext5", "--", "true"}).err,
            "scratch: there is no scratch file system 'ext5'\n");
}

TEST(ScratchFs, AdoptedOneStaysMounted) {
  const ScratchFs fs = ScratchFs::tmpfs();
  { EXPECT_EQ(ScratchFs::adopt(FsKind::tmpfs, fs.path()).path(), fs.path()); }
  struct statfs now {};
  ASSERT_EQ(statfs(fs.path().c_str(), &now), 0);
  EXPECT_EQ(now.f_type, TMPFS_MAGIC);
}

// The test starts `scratch ext4 fuse -- sleep`, kills it the hard way, and looks for what is left.
TEST(ScratchFs, NothingSurvivesSigkill) {
  std::string directory = ::testing::TempDir() + "copyfile-kill-test.XXXXXX";
  ASSERT_NE(mkdtemp(directory.data()), nullptr);
  const std::string tmp = "TMPDIR=" + directory;
  std::vector<std::string> words{places::kScratch,
                                 "ext4:64",
                                 "fuse",
                                 "--",
                                 "sh",
                                 "-c",
                                 "grep {ext4} /proc/self/mounts >" + directory + "/mount.new; mv " +
                                     directory + "/mount.new " + directory +
                                     "/mount; cd {ext4}; exec sleep 1"};
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  std::vector<char*> environment{const_cast<char*>(tmp.c_str()),
                                 const_cast<char*>("PATH=/usr/sbin:/usr/bin:/sbin:/bin"), nullptr};
  pid_t pid = -1;
  ASSERT_EQ(posix_spawn(&pid, argv[0], nullptr, nullptr, argv.data(), environment.data()), 0);
  ASSERT_TRUE(becomes_true([&] { return access((directory + "/mount").c_str(), F_OK) == 0; }));
  std::string device;
  std::ifstream(directory + "/mount") >> device;
  const auto image = image_of_loop(device);
  EXPECT_TRUE(image) << device;
  kill(pid, SIGKILL);
  waitpid(pid, nullptr, 0);
  unlink((directory + "/mount").c_str());
  // The guardian removes the mount points at once, though a child still works in one of them ...
  EXPECT_TRUE(becomes_true([&] { return rmdir(directory.c_str()) == 0; }));
  // ... and the device goes with that child.
  EXPECT_TRUE(becomes_true([&] { return image_of_loop(device) != image; })) << device;
}

TEST(ScratchFs, WithoutRootTheMessageSaysSo) {
  // From a place where everybody may start it: the build may be in a private directory.
  const ScratchFs fs = ScratchFs::tmpfs();
  ASSERT_TRUE(run({"cp", places::kScratch, fs.file("scratch")}).ok());
  const Finished done = run({"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
                             fs.file("scratch"), "ext4", "--", "true"});
  EXPECT_EQ(done.exit_code, 2);
  EXPECT_NE(done.err.find("run as root"), std::string::npos) << done.err;
}

}  // namespace
}  // namespace libcopyfile::test
