// One file from a name to a name, with everything that can fail failing: the destination is the old file or the complete
// new one, and nothing else is left.
#include "engine/copy_job.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sstream>

#include "metadata/metadata.h"
#include "testing/errno_names.h"
#include "testing/faulty_system.h"
#include "testing/islands.h"
#include "testing/liar.h"
#include "testing/scratch_fs.h"
#include "testing/text_files.h"

namespace libcopyfile::test {
namespace {

constexpr uint64_t kMiB = 1 << 20;
const char* const kLayout = "data 200K, hole 1M, unwritten 100K, data 70000, hole 100K";

class CopyJobTest : public ::testing::TestWithParam<FsKind> {
 protected:
  explicit CopyJobTest(FsKind fs = GetParam()) : path_(test_directory(fs)) {
    dir_ = Fd(open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    job_.in_dir = job_.out_dir = dir_.get();
    job_.in_path = "source";
    job_.out_path = "copy";
    source(kLayout);
  }

  void source(const std::string& layout) {
    unlink((path_ + "/source").c_str());
    in_ = make_file(path_ + "/source", layout_of(layout), 1);
    oracle_ = oracle_of(layout_of(layout), 1);
  }
  Done copy() {
    report_ = {};
    return copy_file(system_.system(), catalogue_, nullptr, job_, report_);
  }
  // Whoever opens the name finds all of it.
  ::testing::AssertionResult is_complete() {
    const Fd fd(open((path_ + "/copy").c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd.valid()) return ::testing::AssertionFailure() << "there is no copy";
    return holds(fd.get(), oracle_);
  }
  void expect_names(std::vector<std::string> names) { EXPECT_EQ(names_in(path_), names); }
  // Those that a clean copy makes.
  std::vector<const char*> operations_of_a_copy();
  struct stat stat_of(const std::string& name) {
    struct stat now {};
    EXPECT_EQ(lstat((path_ + "/" + name).c_str(), &now), 0) << name;
    return now;
  }

  std::string path_;
  Fd dir_, in_;
  Oracle oracle_;
  FileJob job_;
  FileReport report_;
  FaultySystem system_;
  Script& script_ = system_.script;
  Catalogue catalogue_;
};

INSTANTIATE_TEST_SUITE_P(Engine, CopyJobTest, ::testing::ValuesIn(kAllFs),
                         [](const auto& i) { return std::string(name_of(i.param)); });

TEST_P(CopyJobTest, CopiesAll) {
  ASSERT_TRUE(copy());
  EXPECT_TRUE(is_complete());
  expect_names({"copy", "source"});
  EXPECT_TRUE(report_.published);
  EXPECT_EQ(report_.size, oracle_.size());
  EXPECT_EQ(report_.reached, Durability::ordered);
}

TEST_P(CopyJobTest, InterruptedAtEveryCall) {
  // Not those of names: open(2) that ends with EINTR means that somebody wants to stop (sys/kernel_names.h).
  for (const char* operation :
       {"stat", "fs_info", "access", "seek_data", "seek_hole", "extents", "truncate", "read",
        "write", "copy_range", "clone", "punch", "reserve", "sync"}) {
    script_.inject(std::string("fail ") + operation + " errno=EINTR every=2");
  }
  const Done ok = copy();
  ASSERT_TRUE(ok) << ok.error().message();
  EXPECT_TRUE(is_complete());
  expect_names({"copy", "source"});
}

TEST_P(CopyJobTest, ShortTransfers) {
  script_.inject("short any bytes=4097");
  ASSERT_TRUE(copy());
  EXPECT_TRUE(is_complete());
}

// A bad block: what lies before it can be read. Nothing that ends there is a copy.
TEST_P(CopyJobTest, ABlockThatCannotBeReadIsAnError) {
  job_.data.sharing = Sharing::never;
  script_.inject("short read bytes=4096").inject("fail read errno=EIO after=2");
  const Done ok = copy();
  ASSERT_FALSE(ok);
  EXPECT_EQ(ok.error().code, EIO);
  expect_names({"source"});
}

// The kernel calls it the end although the size says that there is more: on a file system of this machine that is trouble. Of a
// server's file what could be read is all there is.
TEST_P(CopyJobTest, ALocalSourceThatEndsBeforeItsSizeIsAnError) {
  source("data 300000");
  job_.data.sharing = Sharing::never;
  script_.inject("short read bytes=100000").inject("zero read after=1");
  const Done ok = copy();
  if (GetParam() == FsKind::fuse) {
    ASSERT_TRUE(ok) << ok.error().message();
    EXPECT_EQ(report_.size, 100'000U);
    return;
  }
  ASSERT_FALSE(ok);
  EXPECT_EQ(ok.error().code, EIO);
  EXPECT_EQ(ok.error().op, Op::read);
  EXPECT_EQ(ok.error().where, "source");
  EXPECT_EQ(ok.error().range.begin, 100'000U);
  expect_names({"source"});
  // A source that may change has not changed.
  job_.allow_change = true;
  script_.clear();
  script_.inject("short read bytes=100000").inject("zero read after=1");
  const Done allowed = copy();
  ASSERT_FALSE(allowed);
  EXPECT_EQ(allowed.error().code, EIO);
  expect_names({"source"});
}

constexpr const char* kOperations[] = {
    "open",        "stat_name", "create_unnamed", "create_exclusive",
    "stat",        "fs_info",   "access",         "seek_data",
    "seek_hole",   "extents",   "resident",       "truncate",
    "read",        "write",     "copy_range",     "clone",
    "clone_range", "punch",     "reserve",        "set_owner",
    "set_mode",    "set_times", "sync",           "link",
    "link_name",   "rename",    "advise",         "start_writeback",
    "reopen"};

std::vector<const char*> CopyJobTest::operations_of_a_copy() {
  if (job_.replace == Replace::file) write_text(path_ + "/copy", "old");
  script_.clear();
  EXPECT_TRUE(copy());
  unlink((path_ + "/copy").c_str());
  std::vector<const char*> used;
  for (const char* operation : kOperations) {
    if (script_.calls(operation) > 0) used.push_back(operation);
  }
  return used;
}

// SQLite's way: the first operation of a kind fails, then the second, until a run meets no failure any more. After each of
// them the directory holds what it held before, or the complete copy.
TEST_P(CopyJobTest, WhateverFailsNothingIsLeft) {
  job_.wanted = metadata::kAll;
  job_.durability = Durability::durable;
  for (const Replace replace : {Replace::never, Replace::file}) {
    job_.replace = replace;
    for (const char* operation : operations_of_a_copy()) {
      for (const char* code : {"EIO", "ENOSPC", "EDQUOT"}) {
        bool reached = true;
        for (uint64_t n = 0; reached && n < 40; ++n) {
          SCOPED_TRACE(std::string(operation) + " number " + std::to_string(n) + ": " + code);
          if (replace == Replace::file) write_text(path_ + "/copy", "old");
          script_.clear();
          script_.inject(std::string("fail ") + operation + " times=1 errno=" + code +
                         " after=" + std::to_string(n));
          const Done ok = copy();
          reached = script_.calls(operation) > n;
          EXPECT_TRUE(ok || reached);
          if (ok || report_.published) {
            EXPECT_TRUE(is_complete());
            expect_names({"copy", "source"});
          } else if (replace == Replace::file) {
            EXPECT_EQ(read_text(path_ + "/copy"), "old");
            expect_names({"copy", "source"});
          } else {
            expect_names({"source"});
          }
          if (!ok && !report_.published) {
            EXPECT_EQ(errno_name(ok.error().code), code);
          }
          unlink((path_ + "/copy").c_str());
          if (HasFailure()) return;
        }
      }
    }
  }
}

TEST_P(CopyJobTest, CancelledAtAnyTimeNothingIsLeft) {
  source("data 3M");
  job_.data.sharing = Sharing::never;
  for (int after = 0; after < 3; ++after) {
    int calls = 0;
    job_.control.rate = 1 << 20;  // slow enough for three calls on a machine that stalls
    job_.control.progress = [&](const Progress&) { return calls++ < after; };
    const Done ok = copy();
    ASSERT_FALSE(ok);
    EXPECT_EQ(ok.error().code, ECANCELED);
    EXPECT_FALSE(report_.published);
    expect_names({"source"});
  }
}

TEST_P(CopyJobTest, CancelledAtTheLastMomentNothingIsLeft) {
  job_.control.progress = [&](const Progress& p) { return p.copied < p.total; };
  const Done ok = copy();
  ASSERT_FALSE(ok);
  EXPECT_EQ(ok.error().code, ECANCELED);
  expect_names({"source"});
}

TEST_P(CopyJobTest, SizeThatIsToldTooLargeIsFoundOut) {
  for (const Sharing sharing : {Sharing::automatic, Sharing::never}) {
    source("data 100K, hole 100K, data 70000");
    job_.data.sharing = sharing;
    script_.clear();
    // Without SEEK_HOLE, which would call what is not there a hole at the end.
    script_.inject("lie size add=50000 file=source").inject("fail seek_data errno=EINVAL");
    const Done ok = copy();
    // A server may lie; a file system of this machine that says so has lost something.
    if (GetParam() != FsKind::fuse) {
      ASSERT_FALSE(ok);
      EXPECT_EQ(ok.error().code, EIO);
      expect_names({"source"});
      continue;
    }
    ASSERT_TRUE(ok) << ok.error().message();
    EXPECT_TRUE(is_complete());
    EXPECT_EQ(report_.size, oracle_.size());
    unlink((path_ + "/copy").c_str());
  }
}

TEST_P(CopyJobTest, FailingDirectorySyncLeavesTheNameAndIsAnError) {
  job_.durability = Durability::durable;
  script_.inject("fail sync errno=EIO after=1");
  const Done ok = copy();
  ASSERT_FALSE(ok);
  EXPECT_EQ(ok.error().code, EIO);
  EXPECT_TRUE(report_.published);
  EXPECT_EQ(report_.reached, Durability::ordered);
  EXPECT_TRUE(is_complete());
}

TEST_P(CopyJobTest, MetadataComesBeforeTheNameAndOwnerBeforeMode) {
  ASSERT_EQ(fchown(in_.get(), 1234, 5678), 0);
  job_.wanted = metadata::kAll;
  job_.durability = Durability::durable;
  ASSERT_TRUE(copy());
  std::istringstream lines(system_.recorder.only(
      {"set_owner", "set_mode", "set_times", "sync", "link", "link_name", "rename"}));
  std::string order;
  for (std::string line; std::getline(lines, line);) {
    if (!line.ends_with(" = ok")) continue;  // another way follows
    std::istringstream words(line);
    std::string operation;
    std::string file;
    words >> operation >> file;
    if (operation == "link" || operation == "link_name" || operation == "rename")
      operation = "name";
    order += operation + " " + file + "\n";
  }
  EXPECT_EQ(order,
            "set_owner private\nset_mode private\nset_times private\nsync private\n"
            "name private\nsync .\n");
}

// --- metadata ---

class MetadataOfCopy : public CopyJobTest {
 protected:
  MetadataOfCopy() : CopyJobTest(FsKind::ext4) {}
};

TEST_F(MetadataOfCopy, OwnerThatIsLostTakesSetIdBitsAlong) {
  ASSERT_EQ(fchown(in_.get(), 1234, 5678), 0);
  ASSERT_EQ(fchmod(in_.get(), 06755), 0);
  job_.wanted = metadata::kAll;
  script_.inject("fail set_owner errno=EPERM");
  ASSERT_TRUE(copy());
  EXPECT_EQ(report_.not_preserved, metadata::kOwner);
  EXPECT_EQ(stat_of("copy").st_mode & 07777, 0755U);
}

TEST_F(MetadataOfCopy, OwnerThatIsKeptKeepsSetIdBits) {
  ASSERT_EQ(fchown(in_.get(), 1234, 5678), 0);
  ASSERT_EQ(fchmod(in_.get(), 06755), 0);
  job_.wanted = metadata::kAll;
  ASSERT_TRUE(copy());
  const struct stat now = stat_of("copy");
  EXPECT_EQ(now.st_mode & 07777, 06755U);
  EXPECT_EQ(now.st_uid, 1234U);
  EXPECT_EQ(now.st_gid, 5678U);
  EXPECT_EQ(report_.not_preserved, 0U);
}

TEST_F(MetadataOfCopy, RequiredClassThatIsLostIsAnErrorBeforeTheName) {
  ASSERT_EQ(fchown(in_.get(), 1234, 5678), 0);
  const std::pair<const char*, uint64_t> classes[] = {{"set_owner", metadata::kOwner},
                                                      {"set_mode", metadata::kMode},
                                                      {"set_times", metadata::kTimes}};
  for (const auto& [operation, metadata_class] : classes) {
    script_.clear();
    script_.inject(std::string("fail ") + operation + " errno=EPERM");
    job_.required = metadata_class;
    const Done ok = copy();
    ASSERT_FALSE(ok) << operation;
    EXPECT_EQ(ok.error().code, EPERM);
    expect_names({"source"});
    job_.required = 0;
    job_.wanted = metadata_class;
    ASSERT_TRUE(copy()) << operation;
    EXPECT_EQ(report_.not_preserved, metadata_class);
    unlink((path_ + "/copy").c_str());
  }
}

TEST_F(MetadataOfCopy, TimesAreKeptToTheNanosecond) {
  const timespec times[2] = {{1'000'000'000, 123'456'789}, {1'111'111'111, 987'654'321}};
  ASSERT_EQ(futimens(in_.get(), times), 0);
  job_.wanted = metadata::kTimes;
  ASSERT_TRUE(copy());
  const struct stat now = stat_of("copy");
  EXPECT_EQ(now.st_mtim.tv_sec, 1'111'111'111);
  EXPECT_EQ(now.st_mtim.tv_nsec, 987'654'321);
  EXPECT_EQ(now.st_atim.tv_nsec, 123'456'789);
}

TEST_F(MetadataOfCopy, NewFileGetsPermissionsOfTheSourceLessTheMask) {
  ASSERT_EQ(fchmod(in_.get(), 04777), 0);
  job_.creation_mask = 027;
  ASSERT_TRUE(copy());
  EXPECT_EQ(stat_of("copy").st_mode & 07777, 0750U);
}

TEST_F(MetadataOfCopy, ReplacedFileKeepsItsModeAndOwner) {
  write_text(path_ + "/copy", "old", 0640);
  ASSERT_EQ(chown((path_ + "/copy").c_str(), 1234, 5678), 0);
  job_.replace = Replace::file;
  ASSERT_TRUE(copy());
  const struct stat now = stat_of("copy");
  EXPECT_EQ(now.st_mode & 07777, 0640U);
  EXPECT_EQ(now.st_uid, 1234U);
  EXPECT_EQ(now.st_gid, 5678U);
  EXPECT_TRUE(is_complete());
}

TEST_F(MetadataOfCopy, ReplacedFileWhoseOwnerIsLostLosesSetIdBits) {
  write_text(path_ + "/copy", "old", 0640);
  ASSERT_EQ(chown((path_ + "/copy").c_str(), 1234, 5678), 0);
  ASSERT_EQ(chmod((path_ + "/copy").c_str(), 06755), 0);
  job_.replace = Replace::file;
  script_.inject("fail set_owner errno=EPERM");
  ASSERT_TRUE(copy());
  EXPECT_EQ(stat_of("copy").st_mode & 07777, 0755U);
  EXPECT_EQ(report_.not_preserved, metadata::kOwner);
}

// --- a server that lies ---

TEST(CopyJobOnFuse, SizeThatIsToldTooSmallIsFoundOut) {
  const ScratchFs fs = ScratchFs::fuse();
  Liar liar(fs);
  for (const char* rule : {"lie size bytes=0 file=source", "lie size bytes=5000 file=source",
                           "lie size bytes=299999 file=source"}) {
    make_file(fs.file("source"), layout_of("data 300000"), 1);
    liar.inject(rule);
    const Fd dir(open(fs.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    FaultySystem system;
    FileJob job;
    job.in_dir = job.out_dir = dir.get();
    job.in_path = "source";
    job.out_path = "copy";
    FileReport report;
    const Done ok = copy_file(system.system(), Catalogue(), nullptr, job, report);
    ASSERT_TRUE(ok) << rule << ": " << ok.error().message();
    EXPECT_EQ(report.size, 300'000U) << rule;
    liar.clear();
    const Fd copy(open(fs.file("copy").c_str(), O_RDONLY | O_CLOEXEC));
    EXPECT_TRUE(holds(copy.get(), oracle_of(layout_of("data 300000"), 1))) << rule;
    unlink(fs.file("copy").c_str());
  }
}

TEST(CopyJobOnFuse, ServerThatRunsOutOfSpaceLeavesNothing) {
  const ScratchFs fs = ScratchFs::fuse();
  Liar liar(fs);
  make_file(fs.file("source"), layout_of("data 300000"), 1);
  for (const char* rule : {"fail write errno=ENOSPC", "fail copy_file_range errno=EDQUOT",
                           "fail flush errno=EDQUOT", "fail fsync errno=EIO"}) {
    liar.inject(rule);
    liar.inject("short copy_file_range bytes=100000");
    const Fd dir(open(fs.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    FaultySystem system;
    FileJob job;
    job.in_dir = job.out_dir = dir.get();
    job.in_path = "source";
    job.out_path = "copy";
    job.data.sharing =
        std::string_view(rule).starts_with("fail write") ? Sharing::never : Sharing::automatic;
    FileReport report;
    EXPECT_FALSE(copy_file(system.system(), Catalogue(), nullptr, job, report)) << rule;
    liar.clear();
    EXPECT_EQ(names_in(fs.lower_path()), std::vector<std::string>{"source"}) << rule;
  }
}

}  // namespace
}  // namespace libcopyfile::test
