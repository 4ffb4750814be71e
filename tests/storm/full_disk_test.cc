// File systems that are really full, and quotas that are really used up, while somebody looks at the destination: the old
// file or the complete new one, and nothing else is left.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <map>

#include "base/fd.h"
#include "observer.h"
#include "testing/places.h"
#include "testing/private_mounts.h"
#include "testing/process.h"
#include "testing/scratch_error.h"
#include "testing/scratch_fs.h"
#include "testing/stamped.h"
#include "testing/text_files.h"

namespace libcopyfile::test {
namespace {

constexpr uint64_t kKiB = 1024;
constexpr uint64_t kMiB = 1024 * kKiB;

// A directory with old files, and sources outside of the file system.
class Tight {
 public:
  explicit Tight(const ScratchFs& fs) : directory_(fs.file("d")) {
    static int number = 0;
    sources_ = mount_root() + "/tight" + std::to_string(++number);
    for (const std::string& d : {directory_, sources_}) {
      if (mkdir(d.c_str(), 0755) != 0) throw ScratchError::of_errno("make " + d);
    }
    add("large", kMiB, true);
    add("new", kMiB, false);
    for (int i = 0; i < 16; ++i) add("small" + std::to_string(i), 48 * kKiB, i % 2 == 0);
  }

  // All of them in one call.
  Finished copy(const std::vector<std::string>& names) const {
    std::vector<std::string> words{places::kCommand};
    for (const std::string& name : names) words.push_back(sources_ + "/" + name);
    words.push_back(directory_);
    return run(words);
  }
  std::vector<std::string> small_names() const {
    std::vector<std::string> names;
    for (int i = 0; i < 16; ++i) names.push_back("small" + std::to_string(i));
    return names;
  }

  // Puts everything back to where it was, as far as it fits.
  void reset() const {
    for (const auto& [name, old] : olds_) {
      if (old.empty()) unlink((directory_ + "/" + name).c_str());
    }
  }
  // Old or complete, and nothing that nobody knows.
  void check() const {
    for (const Watched& w : watched_) EXPECT_EQ(fault_of(w), "");
    for (const std::string& name : names_in(directory_)) {
      EXPECT_EQ(olds_.count(name), 1U) << name << " is left";
    }
  }
  const std::vector<Watched>& watched() const { return watched_; }
  int version(const std::string& name) const {
    for (const Watched& w : watched_) {
      if (w.path == directory_ + "/" + name) return version_of(w);
    }
    return -1;
  }

 private:
  void add(const std::string& name, uint64_t size, bool exists) {
    const auto number = static_cast<uint8_t>(2 * olds_.size());
    std::string& now = news_[name] = stamped_text(static_cast<uint8_t>(number + 2), size);
    std::string& old = olds_[name] =
        exists ? stamped_text(static_cast<uint8_t>(number + 1), size) : "";
    write_text(sources_ + "/" + name, now);
    if (exists) write_text(directory_ + "/" + name, old);
    Watched watched{directory_ + "/" + name, {&now}, !exists};
    if (exists) watched.complete.push_back(&old);
    watched_.push_back(std::move(watched));
  }

  std::string directory_;
  std::string sources_;
  std::map<std::string, std::string> olds_, news_;
  std::vector<Watched> watched_;
};

struct Outcomes {
  size_t succeeded = 0;
  size_t refused = 0;
};

// One round of copies, of which some may not fit. `reason` is what the command must say then.
void copy_all(const Tight& tight, const std::string& reason, Outcomes& outcomes) {
  std::vector<std::vector<std::string>> calls{{"large"}, {"new"}, tight.small_names()};
  for (const std::vector<std::string>& names : calls) {
    const Finished done = tight.copy(names);
    tight.check();
    if (done.ok()) {
      for (const std::string& name : names) EXPECT_EQ(tight.version(name), 0) << name;
      ++outcomes.succeeded;
    } else {
      EXPECT_EQ(done.exit_code, 1);
      EXPECT_NE(done.err.find(reason), std::string::npos) << done.err;
      ++outcomes.refused;
    }
  }
  tight.reset();
}

class FullDisk : public testing::TestWithParam<FsKind> {};
INSTANTIATE_TEST_SUITE_P(Fs, FullDisk, testing::Values(FsKind::ext4, FsKind::xfs, FsKind::btrfs),
                         [](const auto& test) { return std::string(name_of(test.param)); });

TEST_P(FullDisk, LeavesTheOldFileOrTheCompleteNewOne) {
  ScratchFs fs = ScratchFs::make(GetParam());
  const Tight tight(fs);
  Observer observer(tight.watched());
  Outcomes outcomes;
  for (const uint64_t free :
       {100 * kMiB, 30 * kMiB, 10 * kMiB, 6 * kMiB, 4 * kMiB, 3 * kMiB, 2 * kMiB, 1500 * kKiB,
        1100 * kKiB, kMiB, 900 * kKiB, 700 * kKiB, 500 * kKiB, 300 * kKiB, 200 * kKiB, 100 * kKiB,
        48 * kKiB, 16 * kKiB, uint64_t{0}}) {
    SCOPED_TRACE(std::to_string(free) + " bytes left");
    fs.leave_free(free);
    copy_all(tight, "No space left on device", outcomes);
    if (HasFailure()) break;
  }
  observer.stop();
  EXPECT_EQ(observer.strange(), std::set<std::string>{});
  EXPECT_GT(observer.looks(), 100U);
  EXPECT_GT(outcomes.succeeded, 0U);
  EXPECT_GT(outcomes.refused, 3U) << "it was never full";
}

Finished btrfs(const std::vector<std::string>& words) {
  std::vector<std::string> argv{"btrfs"};
  argv.insert(argv.end(), words.begin(), words.end());
  return run(argv);
}

// What is reserved and not yet written back counts, and may keep the kernel from setting another limit, too.
void set_limit(const ScratchFs& fs, uint64_t limit) {
  constexpr int kAttempts = 20;
  Finished done;
  for (int i = 0; i < kAttempts; ++i) {
    const Fd directory(::open(fs.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (::syncfs(directory.get()) != 0) throw ScratchError::of_errno("sync " + fs.path());
    done = btrfs({"qgroup", "limit", std::to_string(limit), fs.path()});
    if (done.ok()) return;
  }
  throw ScratchError("btrfs qgroup limit failed: " + done.err);
}

// A group quota of Btrfs: those of ext4 and XFS are not in every kernel. It holds for root, too, and is noticed at the
// latest when what is dirty is written back.
TEST(UsedUpQuota, LeavesTheOldFileOrTheCompleteNewOne) {
  const ScratchFs fs = ScratchFs::make(FsKind::btrfs);
  ASSERT_TRUE(btrfs({"quota", "enable", fs.path()}).ok());
  const Tight tight(fs);
  Observer observer(tight.watched());
  Outcomes outcomes;
  // 1 MiB and 8 files of 48 KiB are there: a copy needs room for itself beside what it replaces.
  for (uint64_t limit = 8 * kMiB; limit >= 1200 * kKiB; limit -= 400 * kKiB) {
    SCOPED_TRACE(std::to_string(limit) + " bytes allowed");
    set_limit(fs, limit);
    copy_all(tight, "Disk quota exceeded", outcomes);
    if (HasFailure()) break;
  }
  observer.stop();
  EXPECT_EQ(observer.strange(), std::set<std::string>{});
  EXPECT_GT(outcomes.succeeded, 0U);
  EXPECT_GT(outcomes.refused, 3U) << "the quota was never used up";
}

}  // namespace
}  // namespace libcopyfile::test
