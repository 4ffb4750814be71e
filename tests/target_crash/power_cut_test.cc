// Power cuts under a target: what was acknowledged before an acknowledged SYNCHRONIZE CACHE, or written with FUA, is there, and
// so is a copy that was flushed; a reservation that was acknowledged with APTPL is there. On real ext4, XFS and Btrfs, in every
// state that a cut could leave (testing/power_cuts.h).
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>

#include "promises.h"
#include "testing/islands.h"
#include "testing/power_cuts.h"
#include "testing/private_mounts.h"
#include "testing/recorded_disk.h"
#include "testing/scratch_error.h"

namespace libcopyfile::test {
namespace {

uint64_t setting(const char* name, uint64_t otherwise) {
  const char* const value = std::getenv(name);
  return value != nullptr ? std::strtoull(value, nullptr, 10) : otherwise;
}

bool is_full() {
  const char* const value = std::getenv("COPYFILE_CRASH");
  return value != nullptr && std::string(value) == "full";
}

size_t states_asked() {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  constexpr size_t kSample = 30;
#else
  constexpr size_t kSample = 70;
#endif
  return setting("COPYFILE_CRASH_STATES", is_full() ? 2500 : kSample);
}

// Keeps its own file stable: file systems commit by that what others have not asked for, and leave their bytes behind.
void busy_neighbour(const std::string& root) {
  const Fd fd(open((root + "/neighbour").c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (::write(fd.get(), "x", 1) != 1 || fsync(fd.get()) != 0) throw ScratchError::of_errno("fsync");
}

enum class Flushes : uint8_t { real, left_out };

// One command after the other, drawn by the seed.
class Work {
 public:
  Work(const std::string& root, BlockRecorder& recorder, Promises& promises, Flushes flushes)
      : root_(root), disks_(root), recorder_(recorder), promises_(promises), flushes_(flushes) {}

  void run(uint64_t seed, size_t steps) {
    std::mt19937_64 random(seed);
    for (size_t i = 0; i < steps; ++i) {
      promises_.begin();
      recorder_.mark("begin");
      step(random);
      recorder_.mark("end");
    }
  }

 private:
  void step(std::mt19937_64& random) {
    const auto disk = static_cast<unsigned>(choose(random, kDisks));
    const auto blocks = static_cast<uint16_t>(1 + choose(random, 24));
    const uint64_t block = choose(random, kDiskBlocks - blocks);
    const uint64_t to = choose(random, kDiskBlocks - blocks);
    switch (choose(random, 10)) {
      case 0: return flush(disk);
      case 1:
        promises_.write(disk, block, blocks, next_, true);
        disks_.write(disk, block, blocks, next_, flushes_ == Flushes::real);
        next_ += blocks;
        return;
      case 2: return busy_neighbour(root_);
      case 3: promises_.key(next_); return disks_.register_key(next_++);
      case 4:
      case 5:
      case 6: promises_.copy(disk, block, to, blocks); return disks_.copy(disk, block, to, blocks);
      default:
        promises_.write(disk, block, blocks, next_, false);
        disks_.write(disk, block, blocks, next_, false);
        next_ += blocks;
    }
  }

  void flush(unsigned disk) {
    promises_.flush(disk);
    if (flushes_ == Flushes::real) disks_.synchronize(disk);
  }

  const std::string root_;
  ServedDisks disks_;
  BlockRecorder& recorder_;
  Promises& promises_;
  const Flushes flushes_;
  Filling next_ = 1;
};

struct Findings {
  size_t states = 0, violations = 0;
  std::string example;
};

class Cuts {
 public:
  Cuts(FsKind fs, const RecordedDisk& disk, const Promises& promises)
      : fs_(fs),
        promises_(promises),
        log_(disk.log_file.get(), size_of(disk.log_file)),
        events_(parse_block_log(log_.bytes())),
        image_(disk.before) {
    Progress now;
    for (const BlockEvent& event : events_) {
      progress_.push_back(now);
      if (event.op == BlockOp::mark) (event.text() == "begin" ? now.begun : now.ended) += 1;
    }
    progress_.push_back(now);
  }

  // All that is behind a flush and near a mark, and as many random choices as there is room for.
  Findings explore(uint64_t seed, size_t states) {
    const std::vector<FlushWindow> windows = windows_of(events_);
    const size_t marked = static_cast<size_t>(std::count_if(
        windows.begin(), windows.end(), [](const FlushWindow& one) { return one.marked; }));
    const size_t choices = states > marked ? (states - marked) / windows.size() + 1 : 1;
    std::mt19937_64 random(seed);
    for (const FlushWindow& window : windows) {
      if (window.marked) settled(window);
      for (size_t i = 0; window.writes > 0 && i < choices; ++i) {
        judge(progress_[cut_power(events_, window, random, image_)]);
        image_.undo();
      }
      for (size_t i = window.begin; i < window.end; ++i) image_.settle(events_[i]);
    }
    findings_.states = known_.size();
    return findings_;
  }

 private:
  void settled(const FlushWindow& window) {
    judge(progress_[window.begin]);
    for (size_t i = window.begin; i < window.end; ++i) {
      if (events_[i].op == BlockOp::mark) judge(progress_[i + 1]);
    }
  }

  void judge(Progress progress) {
    const auto [found, is_new] = known_.try_emplace(image_.fingerprint());
    if (is_new) {
      found->second = look();
      image_.undo_everything();
    }
    const std::string broken = promises_.judge(found->second, progress);
    if (broken.empty()) return;
    ++findings_.violations;
    if (findings_.example.empty()) {
      findings_.example = "with " + std::to_string(progress.ended) + " commands ended and " +
                          std::to_string(progress.begun) + " begun: " + broken;
    }
  }

  FoundDisks look() {
    const std::string root = mount_root() + "/cut";
    const LoopDevice loop = attach_loop(image_.file(), 512);
    const MountedDisk mounted(fs_, loop.path, root);
    return look_at_disks(root);
  }

  const FsKind fs_;
  const Promises& promises_;
  const Mapping log_;
  const std::vector<BlockEvent> events_;
  std::vector<Progress> progress_;
  CrashImage image_;
  std::map<uint64_t, FoundDisks> known_;  // by fingerprint
  Findings findings_;
};

class PowerCut : public ::testing::TestWithParam<FsKind> {
 protected:
  static Findings cut(Flushes flushes, size_t states) {
    const std::string root = mount_root() + "/served";
    const uint64_t seed = setting("COPYFILE_CRASH_SEED", 1);
    Promises promises;
    const RecordedDisk disk = record_disk(
        GetParam(), root, [&] { make_disks(root); },
        [&](BlockRecorder& recorder) {
          Work(root, recorder, promises, flushes).run(seed, is_full() ? 300 : 60);
        });
    Findings findings = Cuts(GetParam(), disk, promises).explore(seed, states);
    std::printf("crash: target on %s, %s flushes: %zu states, %zu violations\n",
                std::string(name_of(GetParam())).c_str(),
                flushes == Flushes::real ? "with" : "without", findings.states,
                findings.violations);
    return findings;
  }
};

std::string fs_of(const ::testing::TestParamInfo<FsKind>& param) {
  return std::string(name_of(param.param));
}
INSTANTIATE_TEST_SUITE_P(, PowerCut, ::testing::Values(FsKind::ext4, FsKind::xfs, FsKind::btrfs),
                         fs_of);

TEST_P(PowerCut, LeavesAllThatWasAcknowledgedAndFlushed) {
  const Findings findings = cut(Flushes::real, states_asked());
  EXPECT_EQ(findings.violations, 0U) << findings.example;
  EXPECT_GT(findings.states, states_asked() / 4);
}

// The control: the same must be caught where nobody flushes.
TEST_P(PowerCut, IsFoundWhereFlushesAreLeftOut) {
  EXPECT_GT(cut(Flushes::left_out, 20).violations, 0U);
}

}  // namespace
}  // namespace libcopyfile::test
