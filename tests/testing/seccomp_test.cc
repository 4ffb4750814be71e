// Every refusal is seen where it should be, and nowhere else.
#include "testing/seccomp.h"
#include "testing/places.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/fs.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "testing/islands.h"
#include "testing/process.h"
#include "testing/scratch_error.h"
#include "testing/scratch_fs.h"
#include "testing/seccomp_rules.h"

namespace libcopyfile::test {
namespace {

constexpr int kDontCache = 0x80;
constexpr long kCachestat = 451;

struct Subject {
  std::string directory;
  Fd in;
  Fd out;
};

Subject subject() {
  Subject s{test_directory(FsKind::xfs), {}, {}};
  s.in = make_file(s.directory + "/in", layout_of("data 64K, hole 64K"), 1);
  s.out = make_file(s.directory + "/out", {}, 0);
  return s;
}

// By the raw calls where glibc has a fallback of its own.
struct Case {
  const char* profile;
  int error;
  long (*call)(const Subject&);
};

int make_thread() {
  pthread_t thread;
  const int code = pthread_create(
      &thread, nullptr, [](void*) -> void* { return nullptr; }, nullptr);
  if (code == 0) return pthread_join(thread, nullptr);
  errno = code;
  return -1;
}

long copy_part(const Subject& s) {
  off_t from = 0;
  off_t to = 0;
  return copy_file_range(s.in.get(), &from, s.out.get(), &to, 4096, 0);
}

long read_uncached(const Subject& s) {
  char byte;
  const iovec vector{&byte, 1};
  return preadv2(s.in.get(), &vector, 1, 0, kDontCache);
}

const Case kCases[] = {
    {"no-copy-file-range", ENOSYS, copy_part},
    {"forbidden-copy-file-range", EPERM, copy_part},
    {"no-reflink", EOPNOTSUPP,
     [](const Subject& s) -> long { return ioctl(s.out.get(), FICLONE, s.in.get()); }},
    {"no-reflink-enotty", ENOTTY,
     [](const Subject& s) -> long { return ioctl(s.out.get(), FICLONE, s.in.get()); }},
    {"no-reflink-einval", EINVAL,
     [](const Subject& s) -> long {
       file_clone_range range{
           .src_fd = s.in.get(), .src_offset = 0, .src_length = 4096, .dest_offset = 0};
       return ioctl(s.out.get(), FICLONERANGE, &range);
     }},
    {"no-io-uring", EPERM, [](const Subject&) { return syscall(SYS_io_uring_setup, 4, nullptr); }},
    {"no-io-uring-enosys", ENOSYS,
     [](const Subject&) { return syscall(SYS_io_uring_setup, 4, nullptr); }},
    {"no-fallocate", EOPNOTSUPP,
     [](const Subject& s) -> long { return fallocate(s.out.get(), 0, 0, 4096); }},
    {"no-seek-hole", EINVAL, [](const Subject& s) { return lseek(s.in.get(), 0, SEEK_DATA); }},
    {"no-statx", ENOSYS,
     [](const Subject& s) -> long {
       struct statx now;
       return syscall(SYS_statx, s.in.get(), "", AT_EMPTY_PATH, STATX_SIZE, &now);
     }},
    {"no-openat2", ENOSYS,
     [](const Subject&) { return syscall(SYS_openat2, AT_FDCWD, ".", nullptr, 24); }},
    {"no-o-tmpfile", EOPNOTSUPP,
     [](const Subject& s) -> long {
       return open(s.directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
     }},
    {"no-renameat2", ENOSYS,
     [](const Subject& s) -> long {
       return syscall(SYS_renameat2, AT_FDCWD, (s.directory + "/in").c_str(), AT_FDCWD,
                      (s.directory + "/new").c_str(), RENAME_NOREPLACE);
     }},
    {"no-link-by-descriptor", ENOENT,
     [](const Subject& s) -> long {
       return linkat(s.in.get(), "", AT_FDCWD, (s.directory + "/new").c_str(), AT_EMPTY_PATH);
     }},
    {"no-fiemap", EOPNOTSUPP,
     [](const Subject& s) -> long { return ioctl(s.in.get(), _IOWR('f', 11, char[32]), nullptr); }},
    {"no-dontcache", EOPNOTSUPP, read_uncached},
    {"no-cachestat", ENOSYS,
     [](const Subject& s) { return syscall(kCachestat, s.in.get(), nullptr, nullptr, 0); }},
    {"no-threads", EAGAIN, [](const Subject&) -> long { return make_thread(); }},
};

std::ostream& operator<<(std::ostream& out, const Case& c) { return out << c.profile; }

class Refusing : public ::testing::TestWithParam<Case> {};

std::string case_name(const ::testing::TestParamInfo<Case>& info) {
  std::string name = info.param.profile;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Seccomp, Refusing, ::testing::ValuesIn(kCases), case_name);

TEST_P(Refusing, GivesTheErrno) {
  const Subject s = subject();
  const Case& c = GetParam();
  for (const std::string& profile : {std::string(c.profile), std::string("nothing-works")}) {
    refusing({profile}, [&] {
      errno = 0;
      EXPECT_EQ(c.call(s), -1) << profile;
      // The profile of everything has one errno for each call, not each errno.
      if (profile == c.profile) {
        EXPECT_EQ(errno, c.error) << std::strerror(errno);
      }
    });
  }
}

TEST(Seccomp, OtherThreadsAreFree) {
  const Subject s = subject();
  refusing({"no-copy-file-range"}, [&] { EXPECT_EQ(copy_part(s), -1); });
  EXPECT_EQ(copy_part(s), 4096);
}

TEST(Seccomp, OneArgumentIsRefusedAndNotTheOthers) {
  const Subject s = subject();
  refusing(
      {"ioctl=FICLONERANGE:EINVAL", "lseek=SEEK_HOLE:EINVAL", "fallocate=PUNCH_HOLE:EOPNOTSUPP"},
      [&] {
        EXPECT_EQ(ioctl(s.out.get(), FICLONE, s.in.get()), 0);
        EXPECT_EQ(lseek(s.in.get(), 0, SEEK_DATA), 0);
        EXPECT_EQ(lseek(s.in.get(), 0, SEEK_HOLE), -1);
        EXPECT_EQ(fallocate(s.out.get(), FALLOC_FL_KEEP_SIZE, 0, 4096), 0);
        EXPECT_EQ(fallocate(s.out.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096), -1);
        EXPECT_EQ(errno, EOPNOTSUPP);
      });
}

TEST(Seccomp, EveryProfileCanBeLoaded) {
  for (const Profile& profile : profiles()) {
    EXPECT_NO_THROW(refusing({std::string(profile.name)}, [] {})) << profile.name;
  }
}

TEST(Seccomp, NonsenseIsRefused) {
  for (const char* word : {"", "no-such-profile", "ioctl=FINONSENSE:EINVAL",
                           "openat=FICLONE:EINVAL", "read:ENONSENSE"}) {
    EXPECT_FALSE(parse_refusals(word)) << word;
  }
  EXPECT_THROW(refusing({"no_such_call:EIO"}, [] {}), ScratchError);
}

TEST(Seccomp, WhatTheBodyThrowsComesOut) {
  EXPECT_THROW(refusing({}, [] { throw std::out_of_range("x"); }), std::out_of_range);
}

TEST(Refuse, RunsACommandUnderAProfile) {
  const Subject s = subject();
  const std::string in = s.directory + "/in";
  const std::string out = s.directory + "/new";
  EXPECT_TRUE(
      run({places::kRefuse, "no-copy-file-range", "--", "cp", "--reflink=always", in, out}).ok());
  const Finished refused =
      run({places::kRefuse, "no-reflink", "--", "cp", "--reflink=always", in, out});
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_NE(refused.err.find("Operation not supported"), std::string::npos) << refused.err;
}

TEST(Refuse, TellsTheCommandWhatIsRefused) {
  EXPECT_EQ(
      run({places::kRefuse, "no-statx", "openat2:EIO", "--", "sh", "-c", "echo $REFUSED"}).out,
      "no-statx openat2:EIO\n");
  ASSERT_EQ(setenv("REFUSED", "old-kernel openat2:EIO", 1), 0);
  EXPECT_TRUE(is_refused("old-kernel"));
  EXPECT_TRUE(is_refused("no-statx"));
  EXPECT_TRUE(is_refused("openat2:EIO"));
  EXPECT_FALSE(is_refused("no-threads"));
  unsetenv("REFUSED");
  EXPECT_FALSE(is_refused("old-kernel"));
}

TEST(Refuse, HidesProc) {
  EXPECT_EQ(run({places::kRefuse, "no-proc", "--", "ls", "/proc"}).out, "");
}

TEST(Refuse, SaysWhatItDoesNotUnderstand) {
  const Finished done = run({places::kRefuse, "nonsense", "--", "true"});
  EXPECT_EQ(done.exit_code, 127);
  EXPECT_NE(done.err.find("'nonsense' is neither a rule nor a profile"), std::string::npos)
      << done.err;
}

}  // namespace
}  // namespace libcopyfile::test
