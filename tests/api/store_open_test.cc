// A file of a repository, opened through the public interface.
#include <copyfile/copyfile.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "base/fd.h"
#include "store/add.h"
#include "sys/kernel_attributes.h"
#include "sys/kernel_files.h"
#include "sys/kernel_names.h"
#include "testing/scratch_fs.h"
#include "testing/text_files.h"

namespace libcopyfile::test {
namespace {

namespace fs = std::filesystem;

const std::string kDigest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

class StoreOpenApi : public ::testing::TestWithParam<FsKind> {
 protected:
  StoreOpenApi() {
    EXPECT_TRUE(store::Repository::create(environment_, AT_FDCWD, path_ + "/repo", {}));
    Result<store::Repository> repository =
        store::Repository::open(environment_, AT_FDCWD, path_ + "/repo", store::Use::write);
    write_text(path_ + "/source", "abc");
    store::AddSource source;
    source.dir = AT_FDCWD;
    source.path = path_ + "/source";
    source.name = "dir/a";
    EXPECT_TRUE(repository && store::add_one(*repository, source, {}));
  }

  // The errno, or 0 with what was read in text_.
  int open_it(const char* what, unsigned flags = 0) {
    const Fd fd(copyfile_store_open(dir_.get(), "repo", what, flags));
    if (!fd.valid()) return errno;
    char buffer[16];
    const ssize_t n = read(fd.get(), buffer, sizeof buffer);
    text_.assign(buffer, n > 0 ? static_cast<size_t>(n) : 0);
    EXPECT_EQ(fcntl(fd.get(), F_GETFL) & O_ACCMODE, O_RDONLY);
    EXPECT_EQ(fcntl(fd.get(), F_GETFD), FD_CLOEXEC);
    return 0;
  }

  KernelFiles files_;
  KernelNames names_;
  KernelAttributes attributes_;
  Catalogue catalogue_;
  store::Environment environment_{{files_, names_, attributes_}, catalogue_, nullptr};
  std::string path_ = test_directory(GetParam());
  std::string blob_ = path_ + "/repo/blobs/sha256/" + kDigest;
  Fd dir_{open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  std::string text_;
};

INSTANTIATE_TEST_SUITE_P(Api, StoreOpenApi,
                         ::testing::Values(FsKind::ext4, FsKind::xfs, FsKind::btrfs, FsKind::tmpfs),
                         [](const auto& i) { return std::string(name_of(i.param)); });

TEST_P(StoreOpenApi, GivesWhatANameOrADigestLeadsTo) {
  for (const std::string& what : {std::string("dir/a"), "sha256:" + kDigest, kDigest}) {
    for (const unsigned flags : {0U, COPYFILE_STORE_TRUST_SEAL}) {
      text_.clear();
      EXPECT_EQ(open_it(what.c_str(), flags), 0) << what;
      EXPECT_EQ(text_, "abc") << what;
    }
  }
}

TEST_P(StoreOpenApi, GivesNothingOfADamagedFile) {
  ASSERT_EQ(chmod(blob_.c_str(), 0600), 0);
  write_text(blob_, "abd");
  EXPECT_EQ(open_it("dir/a"), EBADMSG);
  EXPECT_EQ(open_it(kDigest.c_str()), EBADMSG);
  EXPECT_EQ(open_it(kDigest.c_str(), COPYFILE_STORE_TRUST_SEAL), EBADMSG);
  write_text(blob_, "abcd");
  EXPECT_EQ(open_it(kDigest.c_str()), EBADMSG);
}

TEST_P(StoreOpenApi, IsNotKeptWaitingOrLedAwayByWhatIsNoFile) {
  ASSERT_EQ(unlink(blob_.c_str()), 0);
  EXPECT_EQ(open_it("dir/a"), ENOENT);
  ASSERT_EQ(mkfifo(blob_.c_str(), 0644), 0);
  EXPECT_EQ(open_it("dir/a"), EBADMSG);
  ASSERT_EQ(unlink(blob_.c_str()), 0);
  ASSERT_EQ(symlink((path_ + "/source").c_str(), blob_.c_str()), 0);
  EXPECT_EQ(open_it("dir/a"), ELOOP);
}

TEST_P(StoreOpenApi, SaysWhatIsWrongWithTheRequest) {
  EXPECT_EQ(open_it("dir/b"), ENOENT);
  EXPECT_EQ(open_it((std::string(63, '0') + "1").c_str()), ENOENT);
  for (const char* what : {"", "..", "../source", "/etc/passwd", "sha256:12", "a//b", "a\n"}) {
    EXPECT_EQ(open_it(what), EINVAL) << what;
  }
  EXPECT_EQ(open_it("dir/a", 2U), EINVAL);
  EXPECT_EQ(open_it("dir/a", 0x80000000U), EINVAL);
  EXPECT_EQ(open_it(nullptr), EFAULT);
  EXPECT_EQ(copyfile_store_open(dir_.get(), nullptr, "dir/a", 0), -1);
  EXPECT_EQ(errno, EFAULT);
  EXPECT_EQ(copyfile_store_open(dir_.get(), "nowhere", "dir/a", 0), -1);
  EXPECT_EQ(errno, ENOENT);
  EXPECT_EQ(copyfile_store_open(dir_.get(), "source", "dir/a", 0), -1);
  EXPECT_EQ(errno, ENOTDIR);
  EXPECT_EQ(copyfile_store_open(-1, "repo", "dir/a", 0), -1);
  EXPECT_EQ(errno, EBADF);
}

// SQLite opens paths, and that of a descriptor leads through /proc.
TEST_P(StoreOpenApi, NeedsProcForNamesOnly) {
  const pid_t child = fork();
  if (child == 0) {
    if (unshare(CLONE_NEWNS) != 0 || mount("", "/", "", MS_REC | MS_PRIVATE, nullptr) != 0)
      _exit(1);
    if (mount("none", "/proc", "tmpfs", 0, nullptr) != 0) _exit(2);
    if (open_it("dir/a") != EOPNOTSUPP) _exit(3);
    if (open_it(kDigest.c_str()) != 0 || text_ != "abc") _exit(4);
    const Done created = store::Repository::create(environment_, AT_FDCWD, path_ + "/other", {});
    _exit(!created && created.error().code == EOPNOTSUPP ? 0 : 5);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

TEST_P(StoreOpenApi, RefusesALaterVersionAndNeedsTheIndexForNamesOnly) {
  const std::string format = path_ + "/repo/format";
  fs::remove(path_ + "/repo/index.sqlite");
  EXPECT_EQ(open_it("dir/a"), EBADMSG);
  EXPECT_EQ(open_it(kDigest.c_str()), 0);
  fs::remove(format);
  store::Format later;
  later.version = store::kFormatVersion + 1;
  write_text(format, store::format_text(later));
  EXPECT_EQ(open_it(kDigest.c_str()), EPROTONOSUPPORT);
  write_text(format, "copyfile store 1\n");
  EXPECT_EQ(open_it(kDigest.c_str()), EBADMSG);
}

}  // namespace
}  // namespace libcopyfile::test
