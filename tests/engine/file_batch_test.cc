// Many files, copied one by one and named together.
#include "engine/file_batch.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "testing/errno_names.h"
#include "testing/faulty_system.h"
#include "testing/scratch_fs.h"
#include "testing/text_files.h"

namespace libcopyfile::test {
namespace {

class FileBatchTest : public ::testing::TestWithParam<FsKind> {
 protected:
  FileBatchTest() : path_(test_directory(GetParam())) {
    EXPECT_EQ(mkdir((path_ + "/to").c_str(), 0755), 0);
    dir_ = Fd(open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    to_ = Fd(open((path_ + "/to").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  }

  FileBatch batch(const FileBatchOptions& options = {}) {
    return FileBatch(seams_, catalogue_, nullptr, options,
                     [this](const FileJob& job, const FileReport& report, const Done& done) {
                       ended_ += job.in_path +
                                 (done ? " ok\n" : " " + errno_name(done.error().code) + "\n");
                       EXPECT_EQ(report.published, done.has_value());
                       reports_.push_back(report);
                     });
  }
  FileJob job(const std::string& name) {
    if (access((path_ + "/" + name).c_str(), F_OK) != 0) write_text(path_ + "/" + name, name);
    FileJob job;
    job.in_dir = job.out_dir = dir_.get();
    job.in_path = name;
    job.out_path = "to/" + name;
    job.out_parent = to_.get();
    return job;
  }
  std::vector<std::string> names() { return names_in(path_ + "/to"); }
  // Without those that are private.
  size_t visible() {
    size_t n = 0;
    for (const std::string& name : names()) n += name.starts_with(".") ? 0 : 1;
    return n;
  }

  std::string path_;
  Fd dir_, to_;
  FaultySystem system_;
  System seams_ = system_.system();
  Script& script_ = system_.script;
  Catalogue catalogue_;
  std::string ended_;
  std::vector<FileReport> reports_;
};

INSTANTIATE_TEST_SUITE_P(Engine, FileBatchTest, ::testing::ValuesIn(kAllFs),
                         [](const auto& i) { return std::string(name_of(i.param)); });

TEST_P(FileBatchTest, NoneHasItsNameBeforeTheCommit) {
  FileBatch b = batch();
  for (const char* name : {"a", "b", "c"}) b.add(job(name));
  EXPECT_EQ(ended_, "");
  EXPECT_EQ(visible(), 0U);
  b.commit();
  EXPECT_EQ(ended_, "a ok\nb ok\nc ok\n");
  EXPECT_EQ(names(), (std::vector<std::string>{"a", "b", "c"}));
  for (const char* name : {"a", "b", "c"}) EXPECT_EQ(read_text(path_ + "/to/" + name), name);
  for (const FileReport& r : reports_) EXPECT_EQ(r.synced_by, SyncedBy::file);
}

TEST_P(FileBatchTest, ManyAreSyncedAtOnceWhereThatReportsErrors) {
  FileBatch b = batch();
  for (int i = 0; i < 20; ++i) b.add(job("file" + std::to_string(i)));
  b.commit();
  ASSERT_EQ(reports_.size(), 20U);
  const bool reports_errors = GetParam() != FsKind::overlay && GetParam() != FsKind::fuse;
  for (const FileReport& r : reports_) {
    EXPECT_EQ(r.synced_by, reports_errors ? SyncedBy::file_system : SyncedBy::file);
  }
}

TEST_P(FileBatchTest, IsCommittedWhenItIsFull) {
  FileBatchOptions options;
  options.most_files = 3;
  FileBatch b = batch(options);
  for (int i = 0; i < 7; ++i) b.add(job("file" + std::to_string(i)));
  EXPECT_EQ(visible(), 6U);
  b.commit();
  EXPECT_EQ(visible(), 7U);
}

TEST_P(FileBatchTest, IsCommittedWhenItHoldsManyBytes) {
  FileBatchOptions options;
  options.most_bytes = 10;
  FileBatch b = batch(options);
  b.add(job("nine bytes"));
  EXPECT_EQ(visible(), 1U);
}

TEST_P(FileBatchTest, OneThatFailsTakesNoOtherAlong) {
  FileBatch b = batch();
  b.add(job("a"));
  FileJob missing = job("b");
  missing.in_path = "nowhere";
  b.add(missing);
  EXPECT_EQ(ended_, "nowhere ENOENT\n");
  write_text(path_ + "/to/c", "somebody else's");
  b.add(job("c"));
  b.add(job("d"));
  b.commit();
  EXPECT_EQ(ended_, "nowhere ENOENT\nc EEXIST\na ok\nd ok\n");
  EXPECT_EQ(read_text(path_ + "/to/c"), "somebody else's");
  EXPECT_EQ(visible(), 3U);
}

// Each file that waits for its name holds a descriptor: without one more to be had, those that wait are named first.
TEST_P(FileBatchTest, WithoutADescriptorTheOthersGetTheirNamesFirst) {
  for (const char* operation : {"open", "create_unnamed"}) {
    script_.clear();
    ended_.clear();
    FileBatch b = batch();
    const std::string suffix = std::string(operation);
    b.add(job("a" + suffix));
    script_.inject(std::string("fail ") + operation + " errno=EMFILE times=1");
    b.add(job("b" + suffix));
    EXPECT_EQ(ended_, "a" + suffix + " ok\n") << operation;
    b.commit();
    EXPECT_EQ(ended_, "a" + suffix + " ok\nb" + suffix + " ok\n");
  }
}

TEST_P(FileBatchTest, WithoutADescriptorAndNobodyWaitingItFails) {
  script_.inject("fail open errno=EMFILE times=1");
  FileBatch b = batch();
  b.add(job("a"));
  EXPECT_EQ(ended_, "a EMFILE\n");
}

TEST_P(FileBatchTest, DroppedLeavesNothing) {
  FileBatch b = batch();
  for (const char* name : {"a", "b", "c"}) b.add(job(name));
  EXPECT_EQ(b.drop(), 3U);
  b.commit();
  EXPECT_EQ(ended_, "");
  EXPECT_EQ(names(), std::vector<std::string>{});
}

TEST_P(FileBatchTest, DurableSyncsTheDirectoryOnce) {
  FileBatchOptions options;
  options.durability = Durability::durable;
  FileBatch b = batch(options);
  for (int i = 0; i < 10; ++i) b.add(job("file" + std::to_string(i)));
  system_.recorder.clear();
  b.commit();
  for (const FileReport& r : reports_) EXPECT_EQ(r.reached, Durability::durable);
  const std::string syncs = system_.recorder.only({"open"});
  EXPECT_EQ(syncs, "open . directory = ok\n");
}

// Whatever fails, and whenever, each name shows nothing or all of it.
TEST_P(FileBatchTest, WhateverFailsEachFileIsThereOrNot) {
  for (const char* operation :
       {"stat", "read", "write", "copy_range", "clone", "truncate", "reserve", "sync",
        "sync_file_system", "create_unnamed", "create_exclusive", "link", "rename", "set_mode",
        "open", "stat_name"}) {
    for (const char* code : {"EIO", "ENOSPC", "EDQUOT"}) {
      for (uint64_t n = 0; n < 6; ++n) {
        script_.clear();
        FileBatch b = batch();
        std::vector<FileJob> jobs = {job("a"), job("b"), job("c")};
        script_.inject(std::string("fail ") + operation + " times=1 after=" + std::to_string(n) +
                       " errno=" + code);
        for (FileJob& j : jobs) b.add(j);
        b.commit();
        script_.clear();
        for (const std::string& name : names()) {
          EXPECT_EQ(read_text(path_ + "/to/" + name), name) << operation << " " << n;
          ASSERT_EQ(unlinkat(to_.get(), name.c_str(), 0), 0);
        }
      }
    }
  }
}

}  // namespace
}  // namespace libcopyfile::test
