// A dirty source is written back before the clone locks it, and a small or clean one is not waited for.
#include "mechanism/source_writeback.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "testing/faulty_system.h"
#include "testing/scratch_fs.h"
#include "trial.h"

namespace libcopyfile::test {
namespace {

constexpr uint64_t kMiB = uint64_t{1} << 20;

class SourceWriteback : public ::testing::TestWithParam<FsKind> {
 protected:
  SourceWriteback() : path_(test_directory(GetParam()) + "/source") {
    in_ = Fd(open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    system_.fd_names.set(in_.get(), "source");
  }

  void dirty(uint64_t size) {
    const std::string bytes(static_cast<size_t>(size), 'x');
    ASSERT_EQ(pwrite(in_.get(), bytes.data(), bytes.size(), 0), static_cast<ssize_t>(size));
  }
  bool write_back(const std::vector<CopyRange>& ranges) {
    Pair pair{system_.files, in_.get(), -1, facts_, control_, {}};
    return write_back_source(pair, ranges);
  }
  int64_t delayed_extents() {
    std::vector<RawExtent> extents(64);
    const auto n = system_.kernel_files.extents(in_.get(), {0, 8 * kMiB}, false, extents);
    if (!n || *n == 0) return -1;
    const auto end = extents.begin() + static_cast<ptrdiff_t>(*n);
    return std::count_if(extents.begin(), end, [](const RawExtent& e) { return e.delayed; });
  }
  uint64_t calls() {
    return system_.script.calls("start_writeback") + system_.script.calls("wait_writeback");
  }

  std::string path_;
  Fd in_;
  FaultySystem system_;
  TestControl control_;
  Facts facts_ = ours();

 private:
  static Facts ours() {
    Facts facts;
    facts.in.ours = true;
    return facts;
  }
};

INSTANTIATE_TEST_SUITE_P(Mechanism, SourceWriteback,
                         ::testing::Values(FsKind::ext4, FsKind::xfs, FsKind::btrfs),
                         [](const auto& i) { return std::string(name_of(i.param)); });

TEST_P(SourceWriteback, NothingIsDirtyBehindIt) {
  dirty(8 * kMiB);
  ASSERT_TRUE(write_back({{0, 0, 8 * kMiB}}));
  EXPECT_GE(calls(), 2U);
  // What has no address yet has not been written. Btrfs tells the address a little after the pages are clean, when the ordered
  // extent is finished; nobody else writes them before they are 30 s old (dirty_expire_centisecs).
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (delayed_extents() > 0 && std::chrono::steady_clock::now() < end) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_EQ(delayed_extents(), 0);
}

TEST_P(SourceWriteback, SmallRangesAreTheClonesOwnBusiness) {
  dirty(kMiB - 1);
  ASSERT_TRUE(write_back({{0, 0, kMiB - 1}}));
  ASSERT_TRUE(write_back({}));
  EXPECT_EQ(calls(), 0U);
}

TEST_P(SourceWriteback, GoesInStepsThatCanBeCancelled) {
  ASSERT_EQ(ftruncate(in_.get(), static_cast<off_t>(64 * kMiB * 8)), 0);
  control_.stop_at(1);
  EXPECT_FALSE(write_back({{0, 0, 64 * kMiB * 8}}));
  EXPECT_EQ(system_.script.calls("wait_writeback"), 2U);
}

TEST_P(SourceWriteback, AHugeSourceTakesFewSteps) {
  const uint64_t huge = uint64_t{1} << 42;
  ASSERT_TRUE(write_back({{0, 0, huge / 2}, {huge / 2, huge / 2, huge / 2}}));
  EXPECT_LE(system_.script.calls("wait_writeback"), 64U * 4);
}

// Waiting would take an error of write-back away from the caller's own fsync.
TEST_P(SourceWriteback, ACallersDescriptorIsNotWaitedBy) {
  facts_.in.ours = false;
  dirty(8 * kMiB);
  ASSERT_TRUE(write_back({{0, 0, 8 * kMiB}}));
  EXPECT_GE(system_.script.calls("start_writeback"), 1U);
  EXPECT_EQ(system_.script.calls("wait_writeback"), 0U);
}

TEST_P(SourceWriteback, ItsErrorsAreTheClonesToTell) {
  dirty(8 * kMiB);
  system_.script.inject("fail start_writeback errno=EIO").inject("fail wait_writeback errno=EIO");
  EXPECT_TRUE(write_back({{0, 0, 8 * kMiB}}));
}

}  // namespace
}  // namespace libcopyfile::test
