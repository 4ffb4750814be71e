// Files that get their names together: the promise of each is that of one, and one that fails takes no other along.
#include "publish/batch.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "publish/private_name.h"
#include "testing/errno_names.h"
#include "testing/faulty_system.h"
#include "testing/scratch_fs.h"
#include "testing/text_files.h"

namespace libcopyfile::test {
namespace {

using Names = std::vector<std::string>;

class BatchTest : public ::testing::TestWithParam<FsKind> {
 protected:
  BatchTest() : path_(test_directory(GetParam())) {
    dir_ = Fd(open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  }

  void add(Batch& batch, const std::string& name, Replace replace = Replace::never, int dir = -1) {
    Result<PendingFile> file = PendingFile::create(system_.files, system_.names,
                                                   dir >= 0 ? dir : dir_.get(), name, replace);
    ASSERT_TRUE(file);
    ASSERT_EQ(write(file->fd(), name.data(), name.size()), static_cast<ssize_t>(name.size()));
    batch.add(std::move(*file), true);
  }
  Batch batch_of(size_t files, const BatchOptions& options) {
    Batch batch(system_.files, options);
    for (size_t i = 0; i < files; ++i) add(batch, name(i));
    return batch;
  }
  static std::string name(size_t i) { return "file" + std::to_string(100 + i); }
  Names names() { return names_in(path_); }
  std::string text(const std::string& name) { return read_text(path_ + "/" + name); }
  // The kinds of steps in their order, each kind once however often it came in a row.
  std::string phases() {
    std::string all =
        system_.recorder.only({"sync", "sync_file_system", "link", "link_name", "rename"});
    std::string seen;
    std::string last;
    for (size_t at = 0; at < all.size(); at = all.find('\n', at) + 1) {
      std::string word = all.substr(at, all.find(' ', at) - at);
      if (word == "link" || word == "rename" || word == "link_name") word = "name";
      if (word != last) seen += (seen.empty() ? "" : " ") + word;
      last = word;
    }
    return seen;
  }

  std::string path_;
  Fd dir_;
  FaultySystem system_;
  Script& script_ = system_.script;
};

INSTANTIATE_TEST_SUITE_P(Publish, BatchTest, ::testing::ValuesIn(kAllFs),
                         [](const auto& i) { return std::string(name_of(i.param)); });

TEST_P(BatchTest, NothingHasItsNameBefore) {
  Batch batch = batch_of(20, {});
  for (const std::string& there : names()) EXPECT_FALSE(there.starts_with("file")) << there;
  const std::vector<BatchResult> results = batch.commit();
  ASSERT_EQ(results.size(), 20U);
  for (size_t i = 0; i < 20; ++i) {
    ASSERT_TRUE(results[i].published);
    EXPECT_EQ(results[i].published->reached, Durability::ordered);
    EXPECT_EQ(text(name(i)), name(i));
  }
  EXPECT_EQ(names().size(), 20U);
  EXPECT_TRUE(batch.empty());
}

TEST_P(BatchTest, MayBeFilledAgain) {
  Batch batch = batch_of(2, {});
  EXPECT_EQ(batch.commit().size(), 2U);
  add(batch, "third");
  EXPECT_EQ(batch.commit().size(), 1U);
  EXPECT_EQ(names().size(), 3U);
  EXPECT_TRUE(batch.commit().empty());
}

TEST_P(BatchTest, DroppedIsGone) {
  Batch batch = batch_of(20, {});
  batch.drop();
  EXPECT_TRUE(batch.empty());
  EXPECT_EQ(names(), Names{});
}

TEST_P(BatchTest, DestroyedIsGone) {
  { Batch batch = batch_of(20, {}); }
  EXPECT_EQ(names(), Names{});
}

TEST_P(BatchTest, NoneWaitsForNothing) {
  Batch batch = batch_of(20, {Durability::none, SyncPolicy::file_system});
  for (const BatchResult& r : batch.commit()) {
    EXPECT_EQ(r.published->reached, Durability::none);
    EXPECT_EQ(r.synced_by, SyncedBy::nothing);
  }
  EXPECT_EQ(phases(), "name");
}

TEST_P(BatchTest, OneSyncOfTheFileSystemComesBeforeAllNames) {
  Batch batch = batch_of(20, {});
  for (const BatchResult& r : batch.commit()) EXPECT_EQ(r.synced_by, SyncedBy::file_system);
  EXPECT_EQ(phases(), "sync_file_system name");
  EXPECT_EQ(script_.calls("sync_file_system"), 1U);
}

TEST_P(BatchTest, FewFilesAreSyncedOneByOne) {
  Batch batch = batch_of(Batch::kManyFiles - 1, {});
  for (const BatchResult& r : batch.commit()) EXPECT_EQ(r.synced_by, SyncedBy::file);
  EXPECT_EQ(phases(), "sync name");
}

TEST_P(BatchTest, OurOwnFilesOnlyMeansThem) {
  Batch batch = batch_of(20, {Durability::ordered, SyncPolicy::files});
  for (const BatchResult& r : batch.commit()) EXPECT_EQ(r.synced_by, SyncedBy::file);
  EXPECT_EQ(phases(), "sync name");
  EXPECT_EQ(script_.calls("sync"), 20U);
  EXPECT_EQ(script_.calls("sync_file_system"), 0U);
  // All of them are on their way before the first is waited for.
  const std::string order = system_.recorder.only({"start_writeback", "wait_writeback"});
  EXPECT_LT(order.rfind("start_writeback"), order.find("wait_writeback"));
}

TEST_P(BatchTest, AFileSystemThatKeepsItsErrorsToItselfIsNotAsked) {
  Batch batch(system_.files, {Durability::ordered, SyncPolicy::file_system});
  for (size_t i = 0; i < 10; ++i) {
    Result<PendingFile> file =
        PendingFile::create(system_.files, system_.names, dir_.get(), name(i), Replace::never);
    batch.add(std::move(*file), i != 3);
  }
  for (const BatchResult& r : batch.commit()) EXPECT_EQ(r.synced_by, SyncedBy::file);
  EXPECT_EQ(script_.calls("sync_file_system"), 0U);
}

// A file of fs-verity: its descriptor is younger than its data.
TEST_P(BatchTest, ReopenedFilesAreSyncedOneByOne) {
  Batch batch = batch_of(10, {Durability::ordered, SyncPolicy::file_system});
  Result<PendingFile> file =
      PendingFile::create(system_.files, system_.names, dir_.get(), "reopened", Replace::never);
  ASSERT_TRUE(file);
  ASSERT_TRUE(file->make_read_only());
  batch.add(std::move(*file), true);
  for (const BatchResult& r : batch.commit()) EXPECT_EQ(r.synced_by, SyncedBy::file);
  EXPECT_EQ(script_.calls("sync_file_system"), 0U);
}

TEST_P(BatchTest, DurableSyncsEachDirectoryOnce) {
  ASSERT_EQ(mkdirat(dir_.get(), "below", 0755), 0);
  const Fd below(openat(dir_.get(), "below", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const Fd again(openat(dir_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  Batch batch(system_.files, {Durability::durable, SyncPolicy::automatic});
  for (size_t i = 0; i < 12; ++i) {
    const int dirs[] = {dir_.get(), below.get(), again.get()};
    add(batch, name(i), Replace::never, dirs[i % 3]);
  }
  for (const BatchResult& r : batch.commit()) {
    EXPECT_EQ(r.published->reached, Durability::durable);
    EXPECT_FALSE(r.published->late);
  }
  EXPECT_EQ(phases(), "sync_file_system name sync");
  EXPECT_EQ(script_.calls("sync"), 2U);
}

TEST_P(BatchTest, DirectoryThatFailsToSyncIsLateForItsFilesOnly) {
  ASSERT_EQ(mkdirat(dir_.get(), "below", 0755), 0);
  const Fd below(openat(dir_.get(), "below", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  Batch batch(system_.files, {Durability::durable, SyncPolicy::automatic});
  for (size_t i = 0; i < 12; ++i)
    add(batch, name(i), Replace::never, i < 6 ? dir_.get() : below.get());
  script_.inject("fail sync errno=EIO times=1");
  const std::vector<BatchResult> results = batch.commit();
  for (size_t i = 0; i < 12; ++i) {
    ASSERT_TRUE(results[i].published);
    EXPECT_EQ(results[i].published->late.has_value(), i < 6);
    EXPECT_EQ(results[i].published->reached, i < 6 ? Durability::ordered : Durability::durable);
  }
  EXPECT_EQ(names().size(), 7U);
}

// The sync of the whole file system does not say whose data was lost: each file is asked.
TEST_P(BatchTest, AfterAFailedSyncOnlyTheFileThatLostDataIsGone) {
  Batch batch = batch_of(20, {});
  script_.inject("fail sync_file_system errno=EIO").inject("fail sync errno=EIO after=7 times=1");
  const std::vector<BatchResult> results = batch.commit();
  for (size_t i = 0; i < 20; ++i) {
    EXPECT_EQ(results[i].published.has_value(), i != 7) << i;
    EXPECT_EQ(results[i].synced_by, SyncedBy::file);
  }
  EXPECT_EQ(results[7].published.error().code, EIO);
  EXPECT_EQ(names().size(), 19U);
  EXPECT_EQ(script_.calls("sync"), 20U) << "none is asked twice";
}

// What write-back has lost is told once: the sync behind it would succeed.
TEST_P(BatchTest, LossThatShowsWhileWaitingForWriteBackIsFinal) {
  Batch batch = batch_of(3, {Durability::ordered, SyncPolicy::files});
  script_.inject("fail wait_writeback errno=EIO after=1 times=1");
  const std::vector<BatchResult> results = batch.commit();
  for (size_t i = 0; i < 3; ++i) EXPECT_EQ(results[i].published.has_value(), i != 1) << i;
  EXPECT_EQ(results[1].published.error().code, EIO);
  EXPECT_EQ(names(), (Names{name(0), name(2)}));
}

TEST_P(BatchTest, WhereNothingCanBeWaitedForTheSyncDoes) {
  Batch batch = batch_of(3, {Durability::ordered, SyncPolicy::files});
  script_.inject("fail wait_writeback errno=ENOSYS");
  for (const BatchResult& r : batch.commit()) EXPECT_TRUE(r.published);
  EXPECT_EQ(script_.calls("sync"), 3U);
}

TEST_P(BatchTest, ANameThatIsTakenTakesNoOtherAlong) {
  Batch batch = batch_of(10, {});
  write_text(path_ + "/" + name(4), "somebody else's");
  const std::vector<BatchResult> results = batch.commit();
  for (size_t i = 0; i < 10; ++i) EXPECT_EQ(results[i].published.has_value(), i != 4);
  EXPECT_EQ(results[4].published.error().code, EEXIST);
  EXPECT_EQ(text(name(4)), "somebody else's");
  EXPECT_EQ(names().size(), 10U);
}

// Whatever fails, and whenever: each name shows nothing, or all of it, and nothing else is left.
TEST_P(BatchTest, WhateverFailsEachFileIsThereOrNot) {
  for (const SyncPolicy policy : {SyncPolicy::files, SyncPolicy::file_system}) {
    for (const char* operation :
         {"sync", "sync_file_system", "start_writeback", "wait_writeback", "stat", "link",
          "link_name", "rename", "flush", "lock", "open", "unlink"}) {
      for (const char* code : {"EIO", "ENOSPC", "EDQUOT"}) {
        for (uint64_t n = 0; n < 4; ++n) {
          Batch batch = batch_of(3, {Durability::durable, policy});
          add(batch, "replaced", Replace::file);
          script_.clear();
          script_.inject(std::string("fail ") + operation + " times=1 after=" + std::to_string(n) +
                         " errno=" + code);
          const std::vector<BatchResult> results = batch.commit();
          script_.clear();
          size_t there = 0;
          for (const BatchResult& r : results) there += r.published ? 1 : 0;
          EXPECT_GE(there, 3U) << "one fault, one file";
          for (const std::string& found : names()) {
            if (operation == std::string("unlink") && is_private_name(found)) {
              ASSERT_EQ(unlinkat(dir_.get(), found.c_str(), 0), 0);
              continue;
            }
            EXPECT_EQ(text(found), found);
            ASSERT_EQ(unlinkat(dir_.get(), found.c_str(), 0), 0);
            --there;
          }
          EXPECT_EQ(there, 0U) << operation << " " << n;
        }
      }
    }
  }
}

}  // namespace
}  // namespace libcopyfile::test
