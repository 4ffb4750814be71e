// A file that has no name until it is complete: every way to make one, every way to name it, and what is left of it when
// something goes wrong.
#include "publish/pending_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "publish/private_name.h"
#include "testing/errno_names.h"
#include "testing/faulty_system.h"
#include "testing/scratch_fs.h"
#include "testing/seccomp.h"
#include "testing/text_files.h"

namespace libcopyfile::test {
namespace {

using Names = std::vector<std::string>;

class PendingTest : public ::testing::TestWithParam<FsKind> {
 protected:
  PendingTest() : path_(test_directory(GetParam())) {
    dir_ = Fd(open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  }

  Result<PendingFile> create(Replace replace = Replace::never, const std::string& name = "new") {
    return PendingFile::create(system_.files, system_.names, dir_.get(), name, replace);
  }
  // Creates, writes "new", commits.
  Result<Published> publish(Replace replace = Replace::never,
                            Durability durability = Durability::ordered) {
    Result<PendingFile> pending = create(replace);
    if (!pending) return fail(pending.error());
    EXPECT_EQ(write(pending->fd(), "new", 3), 3);
    return std::move(*pending).commit(durability);
  }
  std::string text(const std::string& name = "new") { return read_text(path_ + "/" + name); }
  Names names() { return names_in(path_); }
  // FUSE has no unnamed files: there the private name is the way.
  bool unnamed() const {
    return GetParam() != FsKind::fuse && !is_refused("no-o-tmpfile") && !is_refused("no-proc");
  }
  // How it gets its name, as the recorder tells it.
  std::string naming() const {
    if (unnamed()) return "link private to new = ok\n";
    const char* const refused = is_refused("no-renameat2")      ? "ENOSYS"
                                : is_refused("no-rename-flags") ? "EINVAL"
                                                                : nullptr;
    if (refused == nullptr) return "rename private to new no_replace = ok\n";
    return std::string("rename private to new no_replace = ") + refused +
           "\nlink_name private to new = ok\n";
  }

  std::string path_;
  Fd dir_;
  FaultySystem system_;
  Script& script_ = system_.script;
};

INSTANTIATE_TEST_SUITE_P(Publish, PendingTest, ::testing::ValuesIn(kAllFs),
                         [](const auto& i) { return std::string(name_of(i.param)); });

TEST_P(PendingTest, AppearsCompleteAndWithoutPermissionsForOthers) {
  ASSERT_TRUE(publish());
  EXPECT_EQ(names(), Names{"new"});
  EXPECT_EQ(text(), "new");
  struct stat now {};
  ASSERT_EQ(stat((path_ + "/new").c_str(), &now), 0);
  EXPECT_EQ(now.st_mode & 07777, 0600U);
  EXPECT_EQ(now.st_nlink, 1U);
}

TEST_P(PendingTest, HasNoNameOfItsOwnBefore) {
  const Result<PendingFile> pending = create();
  ASSERT_TRUE(pending);
  for (const std::string& name : names()) {
    EXPECT_TRUE(is_private_name(name)) << name;
  }
  EXPECT_EQ(names().size(), unnamed() ? 0U : 1U);
}

// A server that hides what begins with a dot, for ever, and lets nobody write under a shared lock.
class SmbFiles final : public FaultyFiles {
 public:
  using FaultyFiles::FaultyFiles;
  Result<FsInfo> fs_info(int) override { return FsInfo{0xff534d42, 4096}; }
  Done lock(int fd, LockMode mode) override {
    if (mode == LockMode::shared) return fail(EACCES, Op::open);
    ++locks;
    return FaultyFiles::lock(fd, mode);
  }

  int locks = 0;
};

TEST_P(PendingTest, HasTheLockForItselfOverSmb) {
  script_.inject("fail create_unnamed errno=EOPNOTSUPP");
  SmbFiles files(system_.kernel_files, script_);
  Result<PendingFile> pending =
      PendingFile::create(files, system_.names, dir_.get(), "new", Replace::never);
  ASSERT_TRUE(pending);
  EXPECT_EQ(files.locks, 1);
  ASSERT_EQ(write(pending->fd(), "x", 1), 1);
  ASSERT_TRUE(pending->make_read_only());
  EXPECT_EQ(files.locks, 2);
  ASSERT_TRUE(std::move(*pending).commit(Durability::none));
  EXPECT_EQ(names(), Names{"new"});
}

TEST_P(PendingTest, HasNoHiddenNameOverSmb) {
  script_.inject("fail create_unnamed errno=EOPNOTSUPP");
  SmbFiles files(system_.kernel_files, script_);
  const Result<PendingFile> pending =
      PendingFile::create(files, system_.names, dir_.get(), "new", Replace::never);
  ASSERT_TRUE(pending);
  ASSERT_EQ(names().size(), 1U);
  EXPECT_TRUE(names()[0].starts_with("copyfile-")) << names()[0];
  EXPECT_TRUE(is_private_name(names()[0]));
}

// What resuming looks for.
TEST_P(PendingTest, HasNoHiddenNameOverSmbAlsoWhereItIsChosen) {
  SmbFiles smb(system_.kernel_files, script_);
  const std::string there = private_name_in(smb, dir_.get(), 0x123456789abcdef0);
  EXPECT_EQ(there, "copyfile-123456789abcdef0.part");
  EXPECT_EQ(private_name_in(system_.files, dir_.get(), 0x123456789abcdef0), "." + there);
}

TEST_P(PendingTest, IsGoneWhenNotCommitted) {
  for (const Replace replace : {Replace::never, Replace::file}) {
    { ASSERT_TRUE(create(replace)); }
    EXPECT_EQ(names(), Names{});
  }
}

TEST_P(PendingTest, MovedFromOneTakesNothingAway) {
  Result<PendingFile> pending = create();
  ASSERT_TRUE(pending);
  PendingFile second = std::move(*pending);
  EXPECT_EQ(write(second.fd(), "new", 3), 3);
  { PendingFile gone = std::move(*pending); }
  ASSERT_TRUE(std::move(second).commit(Durability::none));
  EXPECT_EQ(text(), "new");
}

TEST_P(PendingTest, NeverReplaces) {
  write_text(path_ + "/new", "old");
  const Result<Published> published = publish();
  ASSERT_FALSE(published);
  EXPECT_EQ(published.error().code, EEXIST);
  EXPECT_EQ(text(), "old");
  EXPECT_EQ(names(), Names{"new"});
}

TEST_P(PendingTest, NeverReplacesEvenADanglingLink) {
  ASSERT_EQ(symlink("nowhere", (path_ + "/new").c_str()), 0);
  EXPECT_FALSE(publish());
  EXPECT_EQ(names(), Names{"new"});
}

TEST_P(PendingTest, Replaces) {
  write_text(path_ + "/new", "old");
  const Fd open_before(open((path_ + "/new").c_str(), O_RDONLY | O_CLOEXEC));
  ASSERT_TRUE(publish(Replace::file));
  EXPECT_EQ(text(), "new");
  EXPECT_EQ(names(), Names{"new"});
  char old[4] = {};
  EXPECT_EQ(read(open_before.get(), old, 3), 3);
  EXPECT_STREQ(old, "old") << "who had the old file open sees it to its end";
}

TEST_P(PendingTest, ReplacesWhatIsNotThere) {
  ASSERT_TRUE(publish(Replace::file));
  EXPECT_EQ(names(), Names{"new"});
}

TEST_P(PendingTest, NameTakenInTheMeantimeIsNotReplaced) {
  for (const char* last : {"link", "rename"}) {
    script_.before(last, 0, [&] { write_text(path_ + "/new", "somebody else's"); });
  }
  const Result<Published> published = publish();
  ASSERT_FALSE(published);
  EXPECT_EQ(published.error().code, EEXIST);
  EXPECT_EQ(text(), "somebody else's");
  EXPECT_EQ(names(), Names{"new"});
}

TEST_P(PendingTest, NameTakenInTheMeantimeIsReplacedWhereThatIsAllowed) {
  for (const char* last : {"link", "rename"}) {
    script_.before(last, 0, [&] { write_text(path_ + "/new", "somebody else's"); });
  }
  ASSERT_TRUE(publish(Replace::file));
  EXPECT_EQ(text(), "new");
  EXPECT_EQ(names(), Names{"new"});
}

// --- durability ---

// The order of what makes it stable and of what names it.
std::string order(const FaultySystem& system) {
  return system.recorder.only({"sync", "link", "link_name", "rename", "open"});
}

TEST_P(PendingTest, NoneSyncsNothing) {
  const Result<Published> published = publish(Replace::never, Durability::none);
  ASSERT_TRUE(published);
  EXPECT_EQ(published->reached, Durability::none);
  EXPECT_EQ(order(system_), naming());
}

TEST_P(PendingTest, OrderedSyncsContentsBeforeTheName) {
  const Result<Published> published = publish();
  ASSERT_TRUE(published);
  EXPECT_EQ(published->reached, Durability::ordered);
  EXPECT_EQ(order(system_), "sync private all = ok\n" + naming());
}

TEST_P(PendingTest, DurableSyncsTheDirectoryAfterTheName) {
  const Result<Published> published = publish(Replace::never, Durability::durable);
  ASSERT_TRUE(published);
  EXPECT_EQ(published->reached, Durability::durable);
  EXPECT_EQ(order(system_),
            "sync private all = ok\n" + naming() + "open . directory = ok\nsync . all = ok\n");
}

TEST_P(PendingTest, FailedSyncIsFinalAndNotRepeated) {
  for (const char* code : {"EIO", "ENOSPC", "EDQUOT"}) {
    script_.clear();
    script_.inject(std::string("fail sync times=1 errno=") + code);
    const Result<Published> published = publish(Replace::file, Durability::durable);
    ASSERT_FALSE(published);
    EXPECT_EQ(errno_name(published.error().code), code);
    EXPECT_EQ(script_.calls("sync"), 1U);
    EXPECT_EQ(names(), Names{});
  }
}

TEST_P(PendingTest, InterruptedSyncIsRepeated) {
  script_.inject("fail sync errno=EINTR every=2");
  const Result<Published> published = publish(Replace::never, Durability::durable);
  ASSERT_TRUE(published);
  EXPECT_EQ(published->reached, Durability::durable);
}

TEST_P(PendingTest, LateFailureLeavesTheNameAndSaysSo) {
  for (const char* fault : {"fail sync errno=EIO after=1", "fail open errno=EACCES"}) {
    script_.clear();
    script_.inject(fault);
    const Result<Published> published = publish(Replace::file, Durability::durable);
    ASSERT_TRUE(published) << fault;
    EXPECT_EQ(published->reached, Durability::ordered);
    ASSERT_TRUE(published->late);
    EXPECT_EQ(text(), "new");
    EXPECT_EQ(names(), Names{"new"});
  }
}

// --- what file systems and filters refuse ---

TEST_P(PendingTest, WithoutUnnamedFilesThereIsAPrivateName) {
  for (const char* code :
       {"EOPNOTSUPP", "ENOSYS", "ENOTTY", "EISDIR", "ENOENT", "EINVAL", "EPERM"}) {
    for (const Replace replace : {Replace::never, Replace::file}) {
      script_.clear();
      script_.inject(std::string("fail create_unnamed errno=") + code);
      ASSERT_TRUE(publish(replace)) << code;
      EXPECT_EQ(text(), "new");
      EXPECT_EQ(names(), Names{"new"});
      unlink((path_ + "/new").c_str());
    }
  }
}

TEST_P(PendingTest, OtherErrorsOfCreatingAreFinal) {
  for (const char* code : {"ENOSPC", "EDQUOT", "EROFS", "EACCES", "EIO", "EMFILE", "ENOTDIR"}) {
    script_.clear();
    script_.inject(std::string("fail create_unnamed errno=") + code);
    const Result<PendingFile> pending = create();
    ASSERT_FALSE(pending) << code;
    EXPECT_EQ(errno_name(pending.error().code), code);
    EXPECT_EQ(script_.calls("create_exclusive"), 0U);
  }
  EXPECT_EQ(names(), Names{});
}

TEST_P(PendingTest, TakenPrivateNamesAreTriedAgain) {
  script_.inject("fail create_unnamed errno=EOPNOTSUPP")
      .inject("fail create_exclusive errno=EEXIST times=5");
  ASSERT_TRUE(publish());
  EXPECT_EQ(script_.calls("create_exclusive"), 6U);
  EXPECT_EQ(names(), Names{"new"});
}

TEST_P(PendingTest, PrivateNamesAreNotTriedForEver) {
  script_.inject("fail create_unnamed errno=EOPNOTSUPP")
      .inject("fail create_exclusive errno=EEXIST");
  const Result<PendingFile> pending = create();
  ASSERT_FALSE(pending);
  EXPECT_EQ(pending.error().code, EEXIST);
}

class UnnamedTest : public PendingTest {};
INSTANTIATE_TEST_SUITE_P(Publish, UnnamedTest, ::testing::Values(FsKind::ext4, FsKind::btrfs),
                         [](const auto& i) { return std::string(name_of(i.param)); });

TEST_P(UnnamedTest, LinkThatIsRefusedLeavesNothing) {
  for (const char* code : {"EPERM", "ENOENT", "EXDEV", "EMLINK", "EIO", "ENOSPC", "EROFS"}) {
    for (const Replace replace : {Replace::never, Replace::file}) {
      script_.clear();
      script_.inject(std::string("fail link errno=") + code);
      const Result<Published> published = publish(replace);
      ASSERT_FALSE(published) << code;
      EXPECT_EQ(errno_name(published.error().code), code);
      EXPECT_EQ(names(), Names{});
    }
  }
}

TEST_P(UnnamedTest, LinkWhoseReplyWasLostHasArrived) {
  // NFS: the link is made, the reply is lost, and the request that is sent again finds the name taken.
  int private_fd = -1;
  script_.before("link", 0, [&] {
    KernelNames kernel;
    ASSERT_TRUE(kernel.link(private_fd, dir_.get(), "new"));
  });
  script_.inject("fail link errno=EEXIST times=1");
  Result<PendingFile> pending = create();
  ASSERT_TRUE(pending);
  private_fd = pending->fd();
  EXPECT_TRUE(std::move(*pending).commit(Durability::none));
  EXPECT_EQ(names(), Names{"new"});
}

TEST_P(UnnamedTest, ReplacingGoesThroughAPrivateNameThatIsTriedAgain) {
  write_text(path_ + "/new", "old");
  script_.inject("fail link errno=EEXIST after=1 times=3");
  ASSERT_TRUE(publish(Replace::file));
  EXPECT_EQ(script_.calls("link"), 5U);
  EXPECT_EQ(text(), "new");
  EXPECT_EQ(names(), Names{"new"});
}

TEST_P(UnnamedTest, RenameThatFailsLeavesTheOldFileAndNothingElse) {
  write_text(path_ + "/new", "old");
  for (const char* code : {"EIO", "EACCES", "EXDEV", "EBUSY", "ENOSPC", "EINVAL"}) {
    script_.clear();
    script_.inject(std::string("fail rename errno=") + code);
    const Result<Published> published = publish(Replace::file);
    ASSERT_FALSE(published) << code;
    EXPECT_EQ(text(), "old");
    EXPECT_EQ(names(), Names{"new"});
  }
}

class NamedTest : public PendingTest {
 protected:
  NamedTest() { refuse_unnamed(); }
  void refuse_unnamed() { script_.inject("fail create_unnamed errno=EOPNOTSUPP"); }
};
INSTANTIATE_TEST_SUITE_P(Publish, NamedTest, ::testing::Values(FsKind::ext4, FsKind::fuse),
                         [](const auto& i) { return std::string(name_of(i.param)); });

// NFS, 9p, FUSE and ZFS before 2.2 know no flags of rename; before Linux 3.15 nobody did.
TEST_P(NamedTest, WithoutNoReplaceASecondNameIsMade) {
  for (const char* code : {"EINVAL", "ENOSYS", "EOPNOTSUPP"}) {
    script_.clear();
    refuse_unnamed();
    script_.inject(std::string("fail rename errno=") + code);
    ASSERT_TRUE(publish()) << code;
    EXPECT_EQ(names(), Names{"new"});
    EXPECT_EQ(text(), "new");
    unlink((path_ + "/new").c_str());
  }
}

TEST_P(NamedTest, WithoutNoReplaceATakenNameIsNotReplaced) {
  script_.inject("fail rename errno=EINVAL");
  write_text(path_ + "/new", "old");
  const Result<Published> published = publish();
  ASSERT_FALSE(published);
  EXPECT_EQ(published.error().code, EEXIST);
  EXPECT_EQ(text(), "old");
  EXPECT_EQ(names(), Names{"new"});
}

// exFAT and some FUSE servers have neither: an error, not a race.
TEST_P(NamedTest, WithNeitherNothingIsPublished) {
  script_.inject("fail rename errno=EINVAL").inject("fail link_name errno=EPERM");
  const Result<Published> published = publish();
  ASSERT_FALSE(published);
  EXPECT_EQ(published.error().code, EPERM);
  EXPECT_EQ(names(), Names{});
}

TEST_P(NamedTest, OtherErrorsOfRenamingAreFinal) {
  for (const char* code : {"EIO", "EACCES", "EROFS", "ENOSPC", "EEXIST"}) {
    for (const Replace replace : {Replace::never, Replace::file}) {
      script_.clear();
      refuse_unnamed();
      script_.inject(std::string("fail rename errno=") + code);
      const Result<Published> published = publish(replace);
      ASSERT_FALSE(published) << code;
      EXPECT_EQ(errno_name(published.error().code), code);
      EXPECT_EQ(script_.calls("link_name"), 0U);
      EXPECT_EQ(names(), Names{});
    }
  }
}

}  // namespace
}  // namespace libcopyfile::test
