// What a crash left goes; what is in use, and what is not ours, stays.
#include "publish/sweep.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <map>

#include "publish/pending_directory.h"
#include "publish/pending_file.h"
#include "publish/private_name.h"
#include "testing/faulty_system.h"
#include "testing/scratch_fs.h"
#include "testing/text_files.h"

namespace libcopyfile::test {
namespace {

using Names = std::vector<std::string>;

constexpr const char* kLeft = ".copyfile-0123456789abcdef.part";
constexpr const char* kLeftToo = ".copyfile-fedcba9876543210.part";

TEST(PrivateName, IsKnownByItsFormAlone) {
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(is_private_name(private_name()));
  EXPECT_TRUE(is_private_name(kLeft));
  EXPECT_TRUE(is_private_name(std::string(kLeft).substr(1)));  // over SMB
  for (const char* other :
       {"", ".", ".copyfile-", ".copyfile-.part", ".copyfile-0123456789abcde.part",
        ".copyfile-0123456789abcdef0.part", ".copyfile-0123456789abcdeF.part",
        ".copyfile-0123456789abcdeg.part", ".copyfile-0123456789abcdef.par",
        ".copyfile-0123456789abcdef.part~", "..copyfile-0123456789abcdef.part",
        "opyfile-0123456789abcdef.part", ".copyfile-0123456789/bcdef.part"}) {
    EXPECT_FALSE(is_private_name(other)) << other;
  }
}

class SweepTest : public ::testing::TestWithParam<FsKind> {
 protected:
  SweepTest() : path_(test_directory(GetParam())) {
    dir_ = Fd(open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    options_.found = [this](const std::string& path, Swept what, uint64_t, int code) {
      found_[path.substr(path_.size() + 1)] = what;
      code_ = code;
      return true;
    };
  }

  SweepReport run() {
    found_.clear();
    const Result<SweepReport> report =
        sweep(system_.files, system_.names, system_.attributes, dir_.get(), path_, options_);
    EXPECT_TRUE(report);
    return report.value_or(SweepReport{});
  }
  void put(const std::string& name) { write_text(path_ + "/" + name, "half of it"); }
  Names names() { return names_in(path_); }

  std::string path_;
  Fd dir_;
  FaultySystem system_;
  Script& script_ = system_.script;
  SweepOptions options_;
  std::map<std::string, Swept> found_;
  int code_ = 0;
};

INSTANTIATE_TEST_SUITE_P(Publish, SweepTest, ::testing::ValuesIn(kAllFs),
                         [](const auto& i) { return std::string(name_of(i.param)); });

TEST_P(SweepTest, RemovesWhatWasLeftAndNothingElse) {
  put(kLeft);
  put(kLeftToo);
  put("file");
  put(".copyfile-mine.part");
  put("0123456789abcdef.part");
  const SweepReport report = run();
  EXPECT_EQ(report.removed, 2U);
  EXPECT_EQ(names(), (Names{".copyfile-mine.part", "0123456789abcdef.part", "file"}));
  EXPECT_EQ(found_,
            (std::map<std::string, Swept>{{kLeft, Swept::removed}, {kLeftToo, Swept::removed}}));
}

TEST_P(SweepTest, DryRunRemovesNothing) {
  put(kLeft);
  options_.dry_run = true;
  EXPECT_EQ(run().removed, 1U);
  EXPECT_EQ(names(), Names{kLeft});
}

TEST_P(SweepTest, AFileInUseStays) {
  script_.inject("fail create_unnamed errno=EOPNOTSUPP");
  Result<PendingFile> pending =
      PendingFile::create(system_.files, system_.names, dir_.get(), "new", Replace::never);
  ASSERT_TRUE(pending);
  ASSERT_EQ(write(pending->fd(), "new", 3), 3);
  EXPECT_EQ(run().in_use, 1U);
  EXPECT_EQ(names().size(), 1U);
  // Until it has its name: at each step of publishing.
  for (const char* step : {"sync", "flush", "rename"}) {
    script_.before(step, 0, [this] { EXPECT_EQ(run().in_use, 1U); });
  }
  ASSERT_TRUE(std::move(*pending).commit(Durability::ordered));
  EXPECT_EQ(names(), Names{"new"});
  EXPECT_EQ(run().removed + run().in_use, 0U);
}

TEST_P(SweepTest, AFileThatReplacesAnotherIsInUse) {
  write_text(path_ + "/new", "old");
  Result<PendingFile> pending =
      PendingFile::create(system_.files, system_.names, dir_.get(), "new", Replace::file);
  ASSERT_TRUE(pending);
  ASSERT_EQ(write(pending->fd(), "new", 3), 3);
  script_.before("rename", 0, [this] { EXPECT_EQ(run().in_use, 1U); });
  ASSERT_TRUE(std::move(*pending).commit(Durability::none));
  EXPECT_EQ(names(), Names{"new"});
}

// The moment between making the private name and locking it: the sweep has the file, or the copy takes another.
TEST_P(SweepTest, ASweepThatComesFirstIsNoticed) {
  script_.inject("fail create_unnamed errno=EOPNOTSUPP");
  script_.before("lock", 0, [this] { EXPECT_EQ(run().removed, 1U); });
  Result<PendingFile> pending =
      PendingFile::create(system_.files, system_.names, dir_.get(), "new", Replace::never);
  ASSERT_TRUE(pending);
  EXPECT_EQ(names().size(), 1U) << "another private name";
  ASSERT_TRUE(std::move(*pending).commit(Durability::none));
  EXPECT_EQ(names(), Names{"new"});
}

TEST_P(SweepTest, ASweepThatHoldsTheLockIsNoticed) {
  script_.inject("fail create_unnamed errno=EOPNOTSUPP");
  Fd sweeper;
  script_.before("lock", 0, [&] {
    sweeper = Fd(openat(dir_.get(), names().at(0).c_str(), O_RDWR | O_CLOEXEC));
    ASSERT_EQ(flock(sweeper.get(), LOCK_EX | LOCK_NB), 0);
  });
  Result<PendingFile> pending =
      PendingFile::create(system_.files, system_.names, dir_.get(), "new", Replace::never);
  ASSERT_TRUE(pending);
  EXPECT_EQ(names().size(), 2U);
  ASSERT_TRUE(std::move(*pending).commit(Durability::none));
  sweeper = Fd();
  EXPECT_EQ(run().removed, 1U);
  EXPECT_EQ(names(), Names{"new"});
}

// Sealing wants a descriptor that only reads, and locks belong to descriptors.
TEST_P(SweepTest, AFileThatIsOpenedAgainIsInUseAllTheTime) {
  script_.inject("fail create_unnamed errno=EOPNOTSUPP");
  Result<PendingFile> pending =
      PendingFile::create(system_.files, system_.names, dir_.get(), "new", Replace::never);
  ASSERT_TRUE(pending);
  script_.before("lock", 1, [this] { EXPECT_EQ(run().in_use, 1U); });
  ASSERT_TRUE(pending->make_read_only());
  EXPECT_EQ(run().in_use, 1U);
  ASSERT_TRUE(std::move(*pending).commit(Durability::none));
  EXPECT_EQ(names(), Names{"new"});
}

// The copy ended between the sweep's two looks: what has its name now is not removed.
TEST_P(SweepTest, AFileThatGotItsNameMeanwhileStays) {
  put(kLeft);
  script_.before("lock", 0,
                 [this] { ASSERT_EQ(renameat(dir_.get(), kLeft, dir_.get(), "complete"), 0); });
  EXPECT_EQ(run().removed, 0U);
  EXPECT_EQ(names(), Names{"complete"});
}

TEST_P(SweepTest, WhatCannotBeLockedStaysUnlessForced) {
  put(kLeft);
  script_.inject("fail lock errno=ENOLCK");
  const SweepReport report = run();
  EXPECT_EQ(report.not_sure, 1U);
  EXPECT_EQ(report.removed, 0U);
  EXPECT_EQ(names(), Names{kLeft});
  options_.not_sure_too = true;
  EXPECT_EQ(run().removed, 1U);
  EXPECT_EQ(names(), Names{});
}

// Links and special files can't be locked: who has just made one may be about to rename it.
TEST_P(SweepTest, WhatCannotBeLockedStaysWhileItIsYoung) {
  ASSERT_EQ(symlinkat("file", dir_.get(), kLeftToo), 0);
  // The tests' own FUSE server makes no pipes.
  const bool pipe = GetParam() != FsKind::fuse;
  if (pipe) {
    ASSERT_EQ(mkfifoat(dir_.get(), ".copyfile-0000000000000000.part", 0600), 0);
  }
  put("file");
  EXPECT_EQ(run().removed, 0U);
  EXPECT_EQ(names().size(), pipe ? 3U : 2U);
}

TEST_P(SweepTest, DirectoriesBelowOnlyIfAsked) {
  ASSERT_EQ(mkdirat(dir_.get(), "below", 0755), 0);
  ASSERT_EQ(mkdirat(dir_.get(), "below/deeper", 0755), 0);
  put(std::string("below/deeper/") + kLeft);
  ASSERT_EQ(symlinkat("below", dir_.get(), "link"), 0);
  EXPECT_EQ(run().removed, 0U);
  options_.recursive = true;
  EXPECT_EQ(run().removed, 1U);
  EXPECT_TRUE(found_.contains(std::string("below/deeper/") + kLeft));
  EXPECT_EQ(names_in(path_ + "/below/deeper"), Names{});
}

TEST_P(SweepTest, ATreeThatWasLeftGoesWithAllThatIsInIt) {
  ASSERT_EQ(mkdirat(dir_.get(), kLeft, 0700), 0);
  ASSERT_EQ(mkdirat(dir_.get(), (std::string(kLeft) + "/below").c_str(), 0500), 0);
  put("kept");
  ASSERT_EQ(symlinkat("../kept", dir_.get(), (std::string(kLeft) + "/link").c_str()), 0);
  for (int i = 0; i < 1000; ++i) put(std::string(kLeft) + "/file" + std::to_string(i));
  put(std::string(kLeft) + "/below/file");
  EXPECT_EQ(run().removed, 1U);
  EXPECT_EQ(names(), Names{"kept"});
}

TEST_P(SweepTest, ATreeInUseStays) {
  Result<PendingDirectory> pending =
      PendingDirectory::create(system_.files, system_.names, system_.attributes, dir_.get(), "new");
  ASSERT_TRUE(pending);
  put(pending->private_name() + "/file");
  EXPECT_EQ(run().in_use, 1U);
  script_.before("rename", 0, [this] { EXPECT_EQ(run().in_use, 1U); });
  ASSERT_TRUE(std::move(*pending).commit(Durability::ordered, false));
  EXPECT_EQ(names(), Names{"new"});
  EXPECT_EQ(names_in(path_ + "/new"), Names{"file"});
}

// Nobody can lock a directory in the moment in which it is made.
TEST_P(SweepTest, ATreeThatIsSweptBeforeItIsLockedIsMadeAnew) {
  script_.before("open", 0, [this] { EXPECT_EQ(run().removed, 1U); });
  Result<PendingDirectory> pending =
      PendingDirectory::create(system_.files, system_.names, system_.attributes, dir_.get(), "new");
  ASSERT_TRUE(pending) << pending.error().message();
  put(pending->private_name() + "/file");
  ASSERT_TRUE(std::move(*pending).commit(Durability::ordered, false));
  EXPECT_EQ(names(), Names{"new"});
}

TEST_P(SweepTest, LinksGoWhenTheyAreOld) {
  ASSERT_EQ(symlinkat("anywhere", dir_.get(), kLeft), 0);
  EXPECT_EQ(run().in_use, 1U);
  options_.not_sure_too = true;
  EXPECT_EQ(run().removed, 1U);
  EXPECT_EQ(names(), Names{});
}

// A directory that becomes a link to somewhere else while it is looked at leads nowhere.
TEST_P(SweepTest, ALinkThatTakesThePlaceOfADirectoryIsNotFollowed) {
  ASSERT_EQ(mkdirat(dir_.get(), "below", 0755), 0);
  ASSERT_EQ(mkdirat(dir_.get(), "elsewhere", 0700), 0);
  put(std::string("elsewhere/") + kLeft);
  options_.recursive = true;
  script_.before("open", 0, [&] {
    ASSERT_EQ(unlinkat(dir_.get(), "below", AT_REMOVEDIR), 0);
    ASSERT_EQ(symlinkat("elsewhere", dir_.get(), "below"), 0);
  });
  // "elsewhere" itself is below, and swept under its own name.
  const SweepReport report = run();
  EXPECT_EQ(report.removed, 1U);
  EXPECT_FALSE(found_.contains(std::string("below/") + kLeft));
}

TEST_P(SweepTest, FailuresAreToldAndTheRestIsSwept) {
  put(kLeft);
  put(kLeftToo);
  script_.inject("fail unlink errno=EACCES times=1");
  const SweepReport report = run();
  EXPECT_EQ(report.failed, 1U);
  EXPECT_EQ(report.removed, 1U);
  EXPECT_EQ(names().size(), 1U);
}

TEST_P(SweepTest, EndsWhenToldTo) {
  put(kLeft);
  put(kLeftToo);
  options_.found = [](const std::string&, Swept, uint64_t, int) { return false; };
  EXPECT_EQ(run().removed, 1U);
  EXPECT_EQ(names().size(), 1U);
}

TEST_P(SweepTest, ADirectoryThatCannotBeReadIsAnError) {
  script_.inject("fail list errno=EIO");
  EXPECT_FALSE(
      sweep(system_.files, system_.names, system_.attributes, dir_.get(), path_, options_));
}

}  // namespace
}  // namespace libcopyfile::test
