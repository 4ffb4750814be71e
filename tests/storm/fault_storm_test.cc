// EIO, ENOSPC and EDQUOT at every operation of a batch, while somebody looks at the destinations: each file is the old one or
// the complete new one, and nothing is left that a sweep does not remove.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/file_batch.h"
#include "metadata/metadata.h"
#include "observer.h"
#include "publish/sweep.h"
#include "storm_size.h"
#include "testing/faulty_system.h"
#include "testing/scratch_error.h"
#include "testing/scratch_fs.h"
#include "testing/stamped.h"
#include "testing/text_files.h"

namespace libcopyfile::test {
namespace {

constexpr size_t kFiles = 5;
constexpr const char* kCodes[] = {"EIO", "ENOSPC", "EDQUOT"};
// Of Files, Names and Attributes (testing/script.h); those that a batch never uses on a file system are passed over.
constexpr const char* kOperations[] = {"open",
                                       "stat_name",
                                       "create_unnamed",
                                       "create_exclusive",
                                       "stat",
                                       "fs_info",
                                       "access",
                                       "seek_data",
                                       "seek_hole",
                                       "extents",
                                       "resident",
                                       "truncate",
                                       "read",
                                       "write",
                                       "copy_range",
                                       "clone",
                                       "clone_range",
                                       "punch",
                                       "reserve",
                                       "set_owner",
                                       "set_mode",
                                       "set_times",
                                       "list_xattrs",
                                       "get_xattr",
                                       "set_xattr",
                                       "access_acl",
                                       "default_acl",
                                       "set_access_acl",
                                       "inode_flags",
                                       "set_inode_flags",
                                       "project",
                                       "sync",
                                       "sync_file_system",
                                       "start_writeback",
                                       "wait_writeback",
                                       "flush",
                                       "lock",
                                       "link",
                                       "link_name",
                                       "rename",
                                       "unlink",
                                       "advise",
                                       "reopen"};

struct Tally {
  size_t runs = 0;
  size_t failed_files = 0;
  size_t named_files = 0;
  size_t swept = 0;
};

class FaultStorm : public testing::TestWithParam<FsKind> {
 protected:
  FaultStorm() : fs_(ScratchFs::make(GetParam())) {
    for (const char* d : {"from", "to"}) {
      if (mkdir(fs_.file(d).c_str(), 0755) != 0) throw ScratchError::of_errno("make a directory");
    }
    root_ = Fd(open(fs_.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    for (size_t i = 0; i < kFiles; ++i) {
      const std::string name = "f" + std::to_string(i);
      news_[i] = stamped_text(static_cast<uint8_t>(2 * i + 1), 20000 + 7000 * i);
      olds_[i] = stamped_text(static_cast<uint8_t>(2 * i + 2), 9000);
      write_text(fs_.file("from/" + name), news_[i], 0640);
      // Every other one replaces a file.
      watched_.push_back({fs_.file("to/" + name), {&news_[i], &olds_[i]}, i % 2 == 1});
    }
  }

  void reset() const {
    for (size_t i = 0; i < kFiles; ++i) {
      const std::string& path = watched_[i].path;
      if (i % 2 == 1) {
        unlink(path.c_str());
      } else {
        // By rename: somebody looks.
        const std::string part = fs_.file("to/.old");
        write_text(part, olds_[i]);
        if (rename(part.c_str(), path.c_str()) != 0) throw ScratchError::of_errno("rename");
      }
    }
  }

  void copy_batch(SyncPolicy policy, Tally& tally) {
    System system = faulty_->system();
    FileBatchOptions options{.durability = Durability::durable, .policy = policy};
    FileBatch batch(system, catalogue_, nullptr, options,
                    [&](const FileJob&, const FileReport& report, const Done& done) {
                      EXPECT_TRUE(report.published || !done);
                      (report.published ? tally.named_files : tally.failed_files) += 1;
                    });
    for (size_t i = 0; i < kFiles; ++i) {
      const std::string name = "f" + std::to_string(i);
      FileJob job;
      job.in_dir = job.out_dir = root_.get();
      job.in_path = "from/" + name;
      job.out_path = "to/" + name;
      job.replace = Replace::file;
      job.wanted = metadata::kAll;
      batch.add(std::move(job));
    }
    batch.commit();
  }

  void check(Tally& tally) {
    for (const Watched& w : watched_) EXPECT_EQ(fault_of(w), "");
    KernelFiles files;
    KernelNames names;
    KernelAttributes attributes;
    const Fd to(open(fs_.file("to").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    const Result<SweepReport> swept = sweep(files, names, attributes, to.get(), "to", {});
    ASSERT_TRUE(swept);
    tally.swept += swept->removed;
    for (const std::string& name : names_in(fs_.file("to"))) {
      EXPECT_TRUE(name.size() == 2 && name[0] == 'f') << name << " is left";
    }
  }

  // False when the operation was not called so often.
  bool run(const std::string& operation, uint64_t number, const std::string& code,
           SyncPolicy policy, Tally& tally) {
    reset();
    faulty_ = std::make_unique<FaultySystem>();
    faulty_->script.inject("fail " + operation + " times=1 errno=" + code +
                           " after=" + std::to_string(number));
    const size_t named = tally.named_files;
    copy_batch(policy, tally);
    const bool reached = faulty_->script.calls(operation) > number;
    EXPECT_TRUE(reached || tally.named_files - named == kFiles);
    check(tally);
    ++tally.runs;
    return reached;
  }

  ScratchFs fs_;
  Fd root_;
  std::string news_[kFiles], olds_[kFiles];
  std::vector<Watched> watched_;
  std::unique_ptr<FaultySystem> faulty_;
  Catalogue catalogue_;
};

INSTANTIATE_TEST_SUITE_P(Fs, FaultStorm, testing::Values(FsKind::ext4, FsKind::xfs, FsKind::btrfs),
                         [](const auto& test) { return std::string(name_of(test.param)); });

TEST_P(FaultStorm, EachFileIsTheOldOneOrTheCompleteNewOne) {
  reset();
  Observer observer(watched_);
  Tally tally;
  // The sample takes one errno and one policy in turn.
  const bool full = storm_is_full();
  size_t turn = storm_seed();
  for (const char* operation : kOperations) {
    bool reached = true;
    for (uint64_t number = 0; reached && number < 60 && !HasFailure(); ++number) {
      for (size_t variant = 0; variant < 6; ++variant) {
        if (!full && variant != turn % 6) continue;
        const SyncPolicy policy = variant < 3 ? SyncPolicy::files : SyncPolicy::file_system;
        SCOPED_TRACE(std::string(operation) + " number " + std::to_string(number) + ": " +
                     kCodes[variant % 3] + (variant < 3 ? ", files" : ", file system"));
        reached = run(operation, number, kCodes[variant % 3], policy, tally);
      }
      ++turn;
    }
  }
  observer.stop();
  EXPECT_EQ(observer.strange(), std::set<std::string>{});
  EXPECT_GT(observer.looks(), tally.runs);
  EXPECT_GT(tally.failed_files, 50U) << "the faults were not met";
  std::printf(
      "storm: %s: %zu batches with a fault: %zu files failed, %zu named, "
      "%zu private files swept\n",
      std::string(name_of(GetParam())).c_str(), tally.runs, tally.failed_files, tally.named_files,
      tally.swept);
}

}  // namespace
}  // namespace libcopyfile::test
