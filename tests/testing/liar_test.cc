// The liar passes everything through when it is honest, and each kind of lie is seen through the kernel.
#include "testing/liar.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>

#include "testing/inspect.h"
#include "testing/islands.h"
#include "testing/oracle.h"
#include "testing/process.h"
#include "testing/scratch_error.h"
#include "testing/scratch_fs.h"

namespace libcopyfile::test {
namespace {

class LiarTest : public ::testing::Test {
 protected:
  // 256 KiB of stamps, opened for reading and writing; the counters start after that.
  Fd source() {
    Fd fd = make_file(fs_.file("source"), layout_of("data 256K"), 1);
    liar_.clear();
    return fd;
  }
  Fd target() { return Fd(open(fs_.file("target").c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0644)); }
  bool logged(const std::string& line) {
    const std::vector<std::string> log = liar_.log();
    return std::find(log.begin(), log.end(), line) != log.end();
  }

  ScratchFs fs_ = ScratchFs::fuse();
  Liar liar_{fs_};
  std::vector<char> buffer_ = std::vector<char>(1 << 20);
};

TEST_F(LiarTest, HonestItIsAFileSystem) {
  const Fd fd = source();
  EXPECT_TRUE(holds(fd.get(), oracle_of(layout_of("data 256K"), 1)));
  EXPECT_EQ(mkdir(fs_.file("d").c_str(), 0750), 0);
  EXPECT_EQ(rename(fs_.file("source").c_str(), fs_.file("d/moved").c_str()), 0);
  EXPECT_EQ(link(fs_.file("d/moved").c_str(), fs_.file("second").c_str()), 0);
  EXPECT_EQ(symlink("second", fs_.file("link").c_str()), 0);
  EXPECT_EQ(chmod(fs_.file("second").c_str(), 0600), 0);
  EXPECT_EQ(setxattr(fs_.file("link").c_str(), "trusted.a", "b", 1, 0), 0);
  EXPECT_EQ(getxattr(fs_.file("d/moved").c_str(), "trusted.a", buffer_.data(), 9), 1);
  struct stat now {};
  ASSERT_EQ(stat(fs_.file("link").c_str(), &now), 0);
  EXPECT_EQ(now.st_nlink, 2U);
  EXPECT_EQ(now.st_mode, S_IFREG | 0600U);
  EXPECT_EQ(unlink(fs_.file("second").c_str()), 0);
  EXPECT_EQ(unlink(fs_.file("d/moved").c_str()), 0);
  EXPECT_TRUE(holds(fd.get(), oracle_of(layout_of("data 256K"), 1)));  // open, without a name
  EXPECT_EQ(ftruncate(fd.get(), 5), 0);
  EXPECT_EQ(fchmod(fd.get(), 0640), 0);
  EXPECT_EQ(fsync(fd.get()), 0);
  EXPECT_EQ(liar_.calls("unlink"), 2U);
  EXPECT_EQ(liar_.calls("rename"), 1U);
}

TEST_F(LiarTest, ListsAndSyncsDirectories) {
  ASSERT_EQ(mkdir(fs_.file("d").c_str(), 0755), 0);
  { make_file(fs_.file("d/x"), {}, 0); }
  EXPECT_EQ(run({"ls", fs_.file("d")}).out, "x\n");
  const Fd directory(open(fs_.file("d").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  EXPECT_EQ(fsync(directory.get()), 0);
  liar_.inject("fail fsyncdir errno=EIO file=d");
  EXPECT_EQ(fsync(directory.get()), -1);
  EXPECT_EQ(errno, EIO);
  liar_.inject("fail opendir errno=EDQUOT");
  EXPECT_LT(open(fs_.file("d").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC), 0);
  EXPECT_EQ(errno, EDQUOT);
}

TEST_F(LiarTest, HolesAndPreallocationAreReal) {
  const Fd fd = make_file(fs_.file("x"), layout_of("data 64K, hole 1M, data 64K"), 1);
  EXPECT_EQ(seek_map(fd.get()).size(), 2U);
  EXPECT_EQ(fallocate(fd.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 64 << 10), 0);
  EXPECT_EQ(seek_map(fd.get()).size(), 1U);
  EXPECT_EQ(liar_.calls("punch"), 1U);
}

TEST_F(LiarTest, CountsAndLogs) {
  const Fd fd = source();
  EXPECT_EQ(pread(fd.get(), buffer_.data(), 100, 4096), 100);
  EXPECT_EQ(pread(fd.get(), buffer_.data(), 100, 1 << 20), 0);
  EXPECT_EQ(liar_.calls("read"), 2U);
  EXPECT_EQ(liar_.bytes("read"), 100U);
  EXPECT_TRUE(logged("read source 4096+100 = 100"));
  EXPECT_THROW(static_cast<void>(liar_.calls("reed")), ScratchError);
}

TEST_F(LiarTest, FailsTheNthCall) {
  const Fd fd = source();
  liar_.inject("fail write after=2 times=1 errno=ENOSPC");
  EXPECT_EQ(pwrite(fd.get(), "x", 1, 0), 1);
  EXPECT_EQ(pwrite(fd.get(), "x", 1, 1), 1);
  EXPECT_EQ(pwrite(fd.get(), "x", 1, 2), -1);
  EXPECT_EQ(errno, ENOSPC);
  EXPECT_EQ(pwrite(fd.get(), "x", 1, 2), 1);
  EXPECT_TRUE(logged("write source 2+1 = -ENOSPC"));
}

TEST_F(LiarTest, FailsAtAnOffsetOfOneFile) {
  const Fd fd = source();
  const Fd other = target();
  liar_.inject("fail read at=5000 file=sour* errno=EIO");
  EXPECT_EQ(pread(fd.get(), buffer_.data(), 5000, 0), 5000);
  EXPECT_EQ(pread(fd.get(), buffer_.data(), 5001, 0), -1);
  EXPECT_EQ(errno, EIO);
  EXPECT_EQ(pread(other.get(), buffer_.data(), 5001, 0), 0);
}

TEST_F(LiarTest, ShortensTransfers) {
  const Fd fd = source();
  liar_.inject("short read bytes=7");
  EXPECT_EQ(pread(fd.get(), buffer_.data(), 100, 0), 7);
  liar_.inject("short write bytes=3");
  EXPECT_EQ(pwrite(fd.get(), "abcdef", 6, 0), 3);
  const Fd out = target();
  liar_.inject("short copy_file_range bytes=1000");
  off_t from = 0;
  off_t to = 0;
  EXPECT_EQ(copy_file_range(fd.get(), &from, out.get(), &to, 256 << 10, 0), 1000);
  EXPECT_EQ(liar_.bytes("copy_file_range"), 1000U);
}

TEST_F(LiarTest, GivesZero) {
  const Fd fd = source();
  const Fd out = target();
  liar_.inject("zero copy_file_range after=1");
  off_t from = 0;
  off_t to = 0;
  EXPECT_EQ(copy_file_range(fd.get(), &from, out.get(), &to, 4096, 0), 4096);
  EXPECT_EQ(copy_file_range(fd.get(), &from, out.get(), &to, 4096, 0), 0);
  liar_.inject("zero read");
  EXPECT_EQ(pread(fd.get(), buffer_.data(), 100, 0), 0);
}

TEST_F(LiarTest, CopyFileRangeCanBeMissing) {
  const Fd fd = source();
  const Fd out = target();
  liar_.inject("fail copy_file_range errno=ENOSYS");
  off_t from = 0;
  off_t to = 0;
  // The kernel goes on with reads and writes of its own, and never asks again.
  EXPECT_GT(copy_file_range(fd.get(), &from, out.get(), &to, 4096, 0), 0);
  EXPECT_GT(copy_file_range(fd.get(), &from, out.get(), &to, 4096, 0), 0);
  EXPECT_EQ(liar_.calls("copy_file_range"), 1U);
  EXPECT_GT(liar_.calls("write"), 0U);
}

TEST_F(LiarTest, DropsWhatItAccepted) {
  const Fd fd = source();
  liar_.inject("drop write");
  EXPECT_EQ(pwrite(fd.get(), "abcdef", 6, 0), 6);
  liar_.inject("clear");
  EXPECT_TRUE(holds(fd.get(), oracle_of(layout_of("data 256K"), 1)));
}

TEST_F(LiarTest, TellsAnotherSize) {
  const Fd fd = source();
  struct stat now {};
  liar_.inject("lie size bytes=0 file=source");
  ASSERT_EQ(fstat(fd.get(), &now), 0);
  EXPECT_EQ(now.st_size, 0);
  EXPECT_EQ(pread(fd.get(), buffer_.data(), buffer_.size(), 0), 256 << 10);
  liar_.clear();
  liar_.inject("lie size add=-100");
  ASSERT_EQ(fstat(fd.get(), &now), 0);
  EXPECT_EQ(now.st_size, (256 << 10) - 100);
}

TEST_F(LiarTest, LiesAboutHoles) {
  const Fd fd = make_file(fs_.file("x"), layout_of("data 64K, hole 1M"), 1);
  const off_t size = (64 << 10) + (1 << 20);
  liar_.inject("lie seek as=data");
  EXPECT_EQ(lseek(fd.get(), 500000, SEEK_DATA), 500000);
  EXPECT_EQ(lseek(fd.get(), 0, SEEK_HOLE), size);
  liar_.clear();
  liar_.inject("lie seek as=hole");
  EXPECT_EQ(lseek(fd.get(), 0, SEEK_DATA), -1);
  EXPECT_EQ(errno, ENXIO);
  EXPECT_EQ(lseek(fd.get(), 10, SEEK_HOLE), 10);
}

TEST_F(LiarTest, ShrinksTheFileBetweenTwoReads) {
  const Fd fd = source();
  liar_.inject("resize read bytes=1000 after=1 times=1");
  EXPECT_EQ(pread(fd.get(), buffer_.data(), 4096, 0), 4096);
  EXPECT_EQ(pread(fd.get(), buffer_.data(), 4096, 0), 1000);
}

TEST_F(LiarTest, Delays) {
  const Fd fd = source();
  liar_.inject("delay read ms=30");
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(pread(fd.get(), buffer_.data(), 1, 0), 1);
  EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(30));
}

TEST_F(LiarTest, EveryOperationCanFail) {
  const Fd fd = source();
  const std::string x = fs_.file("x");
  const std::string s = fs_.file("source");
  const auto fails = [&](const char* operation, auto call) {
    liar_.clear();
    liar_.inject(std::string("fail ") + operation + " errno=EDQUOT");
    errno = 0;
    EXPECT_EQ(call(), -1) << operation;
    EXPECT_EQ(errno, EDQUOT) << operation;
  };
  fails("create", [&] { return open(x.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600); });
  fails("open", [&] { return open(s.c_str(), O_RDONLY | O_CLOEXEC); });
  fails("getattr", [&] {
    struct stat now;
    return fstat(fd.get(), &now);
  });
  fails("fsync", [&] { return fsync(fd.get()); });
  fails("allocate", [&] { return fallocate(fd.get(), FALLOC_FL_KEEP_SIZE, 0, 4096); });
  fails("punch",
        [&] { return fallocate(fd.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096); });
  fails("truncate", [&] { return ftruncate(fd.get(), 1); });
  fails("seek_data", [&] { return static_cast<int>(lseek(fd.get(), 0, SEEK_DATA)); });
  fails("seek_hole", [&] { return static_cast<int>(lseek(fd.get(), 0, SEEK_HOLE)); });
  fails("link", [&] { return link(s.c_str(), x.c_str()); });
  fails("rename", [&] { return rename(s.c_str(), x.c_str()); });
  fails("rename2",
        [&] { return renameat2(AT_FDCWD, s.c_str(), AT_FDCWD, x.c_str(), RENAME_NOREPLACE); });
  fails("unlink", [&] { return unlink(s.c_str()); });
  fails("mkdir", [&] { return mkdir(x.c_str(), 0700); });
  fails("chmod", [&] { return fchmod(fd.get(), 0600); });
  fails("chown", [&] { return fchown(fd.get(), 1, 1); });
  fails("utimens", [&] { return futimens(fd.get(), nullptr); });
  fails("setxattr", [&] { return setxattr(s.c_str(), "user.a", "b", 1, 0); });
  fails("flush", [&] { return close(dup(fd.get())); });
}

TEST_F(LiarTest, NonsenseIsRefused) {
  EXPECT_THROW(liar_.inject("fail wrote errno=EIO"), ScratchError);
}

TEST(Liar, ServesADirectoryOfAnotherFileSystem) {
  const ScratchFs base = ScratchFs::ext4();
  const ScratchFs fs = ScratchFs::fuse(&base);
  { make_file(fs.file("x"), layout_of("data 100"), 1); }
  const Fd behind(open((fs.lower_path() + "/x").c_str(), O_RDONLY | O_CLOEXEC));
  EXPECT_TRUE(holds(behind.get(), oracle_of(layout_of("data 100"), 1)));
}

TEST(Liar, CachedItUsesThePageCache) {
  const ScratchFs fs = ScratchFs::fuse(nullptr, {"--cached"});
  Liar liar(fs);
  const Fd fd = make_file(fs.file("x"), layout_of("data 64K"), 1);
  EXPECT_TRUE(holds(fd.get(), oracle_of(layout_of("data 64K"), 1)));
  const uint64_t reads = liar.calls("read");
  EXPECT_TRUE(holds(fd.get(), oracle_of(layout_of("data 64K"), 1)));
  EXPECT_EQ(liar.calls("read"), reads);
}

}  // namespace
}  // namespace libcopyfile::test
