// What the machine and its owner do not allow: read-only file systems, permissions, limits. Each time the right
// errno, and nothing left.
#include <fcntl.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <functional>

#include "testing/c_interface.h"
#include "testing/child.h"
#include "testing/islands.h"
#include "testing/scratch_fs.h"
#include "testing/seccomp.h"
#include "testing/text_files.h"

namespace libcopyfile::test {
namespace {

using Names = std::vector<std::string>;

void become(uid_t user) {
  if (setgroups(0, nullptr) != 0 || setresgid(user, user, user) != 0 ||
      setresuid(user, user, user) != 0) {
    _exit(255);
  }
}

constexpr uid_t kSomebody = 4321;

// --- read-only ---

TEST(ReadOnly, DestinationIsRefusedAndSourceIsFine) {
  ScratchFs fs = ScratchFs::tmpfs();
  write_text(fs.file("source"), "text");
  write_text(fs.file("old"), "old");
  fs.set_read_only(true);
  const std::string elsewhere = test_directory(FsKind::ext4);
  EXPECT_EQ(copy_at(fs.file("source"), fs.file("copy")), EROFS);
  copyfile_how how{};
  how.replace = COPYFILE_REPLACE_FILE;
  EXPECT_EQ(copy_at(elsewhere + "/nowhere", fs.file("old"), how), ENOENT);
  EXPECT_EQ(copy_at(fs.file("source"), fs.file("old"), how), EROFS);
  EXPECT_EQ(copy_at(fs.file("source"), elsewhere + "/copy"), 0);
  EXPECT_EQ(read_text(elsewhere + "/copy"), "text");
  EXPECT_EQ(names_in(fs.path()), (Names{"old", "source"}));
}

// --- permissions ---

class Permissions : public ::testing::TestWithParam<FsKind> {
 protected:
  Permissions() : path_(test_directory(GetParam())) {
    write_text(at("source"), "text", 0644);
    directory("theirs", 0700, kSomebody);
  }
  std::string at(const std::string& name) { return path_ + "/" + name; }
  void directory(const std::string& name, mode_t mode, uid_t owner) {
    ASSERT_EQ(mkdir(at(name).c_str(), 0700), 0);
    ASSERT_EQ(chown(at(name).c_str(), owner, owner), 0);
    ASSERT_EQ(chmod(at(name).c_str(), mode), 0);
  }
  std::string path_;
};
INSTANTIATE_TEST_SUITE_P(Api, Permissions,
                         ::testing::Values(FsKind::ext4, FsKind::xfs, FsKind::btrfs, FsKind::tmpfs,
                                           FsKind::overlay),
                         [](const auto& i) { return std::string(name_of(i.param)); });

TEST_P(Permissions, AnOrdinaryUserCopies) {
  for (const uint32_t replace : {COPYFILE_REPLACE_NEVER, COPYFILE_REPLACE_FILE}) {
    EXPECT_EQ(in_child([&] {
                become(kSomebody);
                copyfile_how how{};
                how.replace = replace;
                return copy_at(at("source"), at("theirs/copy"), how);
              }),
              0);
  }
  struct stat now {};
  ASSERT_EQ(stat(at("theirs/copy").c_str(), &now), 0);
  EXPECT_EQ(now.st_uid, kSomebody);
  EXPECT_EQ(names_in(at("theirs")), Names{"copy"});
}

TEST_P(Permissions, WhatMayNotBeReadIsRefused) {
  ASSERT_EQ(chmod(at("source").c_str(), 0600), 0);
  EXPECT_EQ(in_child([&] {
              become(kSomebody);
              return copy_at(at("source"), at("theirs/copy"));
            }),
            EACCES);
  EXPECT_EQ(names_in(at("theirs")), Names{});
}

TEST_P(Permissions, DirectoryThatMayNotBeWrittenIsRefused) {
  directory("open", 0755, 0);
  EXPECT_EQ(in_child([&] {
              become(kSomebody);
              return copy_at(at("source"), at("open/copy"));
            }),
            EACCES);
  directory("closed", 0700, 0);
  EXPECT_EQ(in_child([&] {
              become(kSomebody);
              return copy_at(at("source"), at("closed/copy"));
            }),
            EACCES);
}

// Searching and writing is enough to put a file there; only syncing the directory needs reading.
TEST_P(Permissions, DirectoryThatMayNotBeReadTakesAFile) {
  directory("drop", 0300, kSomebody);
  EXPECT_EQ(in_child([&] {
              become(kSomebody);
              return copy_at(at("source"), at("drop/copy"));
            }),
            0);
  EXPECT_EQ(names_in(at("drop")), Names{"copy"});
  EXPECT_EQ(in_child([&] {
              become(kSomebody);
              copyfile_how how{};
              how.durability = COPYFILE_DURABLE;
              copyfile_report report{};
              const int code = copy_at(at("source"), at("drop/second"), how, &report);
              const bool told = report.published == 1 && report.durability == COPYFILE_ORDERED;
              return code == EACCES && told ? 0 : 1;
            }),
            0);
  EXPECT_EQ(names_in(at("drop")), (Names{"copy", "second"}));
}

// Who may not give files away keeps what can be kept, and says what could not.
TEST_P(Permissions, OwnerThatCannotBeKeptIsReported) {
  ASSERT_EQ(chmod(at("source").c_str(), 06755), 0);
  EXPECT_EQ(in_child([&] {
              become(kSomebody);
              copyfile_how how{};
              how.wanted = COPYFILE_MODE | COPYFILE_OWNER | COPYFILE_TIMES;
              copyfile_report report{};
              const int code = copy_at(at("source"), at("theirs/copy"), how, &report);
              return code == 0 && report.not_preserved == COPYFILE_OWNER ? 0 : 1;
            }),
            0);
  struct stat now {};
  ASSERT_EQ(stat(at("theirs/copy").c_str(), &now), 0);
  EXPECT_EQ(now.st_mode & 07777, 0755U) << "set-id bits of somebody else";
  EXPECT_EQ(in_child([&] {
              become(kSomebody);
              copyfile_how how{};
              how.required = COPYFILE_OWNER;
              return copy_at(at("source"), at("theirs/second"), how);
            }),
            EPERM);
  EXPECT_EQ(names_in(at("theirs")), Names{"copy"});
}

// --- limits ---

TEST(Limits, FileSizeLimitIsAnErrnoAndNoSignal) {
  const std::string path = test_directory(FsKind::ext4);
  make_file(path + "/source", layout_of("data 3M"), 1);
  const auto limited = [](const std::function<int()>& body) {
    return in_child([&] {
      const rlimit limit{1 << 20, 1 << 20};
      if (setrlimit(RLIMIT_FSIZE, &limit) != 0) return 255;
      return body();
    });
  };
  EXPECT_EQ(limited([&] { return copy_at(path + "/source", path + "/copy"); }), EFBIG);
  EXPECT_EQ(names_in(path), Names{"source"});
  // Bytes up to the limit are in place, and counted.
  EXPECT_EQ(limited([&] {
              const Fd in(open((path + "/source").c_str(), O_RDONLY | O_CLOEXEC));
              const Fd out(open((path + "/out").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
              const ssize_t n = copyfile(out.get(), in.get(), 0, 0, 3 << 20, 0);
              return n == 1 << 20 || (n == -1 && errno == EFBIG) ? 0 : 1;
            }),
            0);
}

TEST(Limits, TooManyOpenFilesIsAnErrno) {
  const std::string path = test_directory(FsKind::ext4);
  make_file(path + "/source", layout_of("data 1M"), 1);
  for (rlim_t more = 0; more < 6; ++more) {
    const int code = in_child([&] {
      int highest = 0;
      while (highest < 1024 && fcntl(highest, F_GETFD) >= 0) ++highest;
      // Everything below is taken, so that `more` can be opened.
      const rlimit limit{static_cast<rlim_t>(highest) + more, 4096};
      if (setrlimit(RLIMIT_NOFILE, &limit) != 0) return 255;
      copyfile_how how{};
      how.replace = COPYFILE_REPLACE_FILE;
      return copy_at(path + "/source", path + "/copy", how);
    });
    EXPECT_TRUE(code == 0 || code == EMFILE) << more << ": " << code;
    EXPECT_TRUE(more < 5 || code == 0);
    const Names names = names_in(path);
    EXPECT_TRUE(names == Names{"source"} || names == (Names{"copy", "source"}));
  }
}

// A chroot without /proc.
TEST(Limits, WithoutProcFilesAreStillPublished) {
  for (const FsKind fs : {FsKind::ext4, FsKind::xfs, FsKind::fuse}) {
    const std::string path = test_directory(fs);
    make_file(path + "/source", layout_of("data 1M"), 1);
    const int code = in_child([&] {
      if (unshare(CLONE_NEWNS) != 0 || mount("none", "/proc", "tmpfs", MS_RDONLY, nullptr) != 0) {
        return 255;
      }
      copyfile_how how{};
      how.flags = COPYFILE_NO_CACHE | COPYFILE_NO_SHARE;
      return copy_at(path + "/source", path + "/copy", how);
    });
    EXPECT_EQ(code, 0) << fs;
  }
}

}  // namespace
}  // namespace libcopyfile::test
