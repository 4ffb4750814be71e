// SIGKILL at random moments: no observer ever sees anything but the old file or the complete new one, and what is left is
// swept away.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <numeric>
#include <random>

#include "killed_run.h"
#include "observer.h"
#include "storm_size.h"
#include "testing/places.h"
#include "testing/private_mounts.h"
#include "testing/process.h"
#include "testing/scratch_error.h"
#include "testing/scratch_fs.h"
#include "testing/stamped.h"
#include "testing/text_files.h"

namespace libcopyfile::test {
namespace {

struct Storm {
  const char* name;
  size_t files;
  uint64_t size;
  bool replaces;
  std::vector<std::string> options;
  bool same_fs = false;  // sources beside the destination: cloned where that is possible
  bool named = false;    // the private file has a name, as where there is no O_TMPFILE
};

const Storm kStorms[] = {
    {"new", 1, 300'000, false, {}},
    {"replace", 1, 300'000, true, {}},
    {"durable", 1, 8192, true, {"--durability=durable", "-p"}},
    {"clone", 1, 1 << 20, true, {}, true},
    {"batch", 12, 8192, true, {}},
    {"named", 2, 100'000, true, {}, false, true},
    {"none", 4, 50'000, false, {"--durability=none"}},
};

// The directories of one storm: two versions of each file, and where they are copied to.
class Place {
 public:
  Place(const ScratchFs& fs, const Storm& storm) : storm_(storm) {
    const std::string outside = mount_root() + "/storm-" + std::string(name_of(fs.kind()));
    directory_ = fs.file(storm.name);
    const std::string sources =
        storm.same_fs ? fs.file(storm.name + std::string(".from")) : outside + storm.name;
    for (const std::string& d : {directory_, sources, sources + "/0", sources + "/1"}) {
      if (mkdir(d.c_str(), 0755) != 0) throw ScratchError::of_errno("make " + d);
    }
    for (size_t i = 0; i < storm.files; ++i) {
      const std::string name = "f" + std::to_string(i);
      for (size_t v = 0; v < 2; ++v) {
        texts_.push_back(stamped_text(static_cast<uint8_t>(1 + 2 * i + v), storm.size - 1000 * v));
        sources_[v].push_back(sources + "/" + std::to_string(v) + "/" + name);
        write_text(sources_[v].back(), texts_.back());
      }
      if (storm.replaces) write_text(directory_ + "/" + name, texts_[2 * i]);
    }
    for (size_t i = 0; i < storm.files; ++i) {
      watched_.push_back({directory_ + "/f" + std::to_string(i),
                          {&texts_[2 * i], &texts_[2 * i + 1]},
                          !storm.replaces});
    }
  }

  std::vector<std::string> command(size_t version) const {
    std::vector<std::string> words;
    if (storm_.named) words = {places::kRefuse, "no-o-tmpfile", "--"};
    words.emplace_back(places::kCommand);
    words.insert(words.end(), storm_.options.begin(), storm_.options.end());
    words.insert(words.end(), sources_[version].begin(), sources_[version].end());
    words.push_back(directory_);
    return words;
  }
  // New files are new each time.
  void clear() const {
    for (const Watched& w : watched_) {
      if (!storm_.replaces) unlink(w.path.c_str());
    }
  }
  const std::vector<Watched>& watched() const { return watched_; }
  const std::string& directory() const { return directory_; }
  bool is_watched(const std::string& name) const {
    for (const Watched& w : watched_) {
      if (w.path == directory_ + "/" + name) return true;
    }
    return false;
  }

 private:
  const Storm& storm_;
  std::string directory_;
  std::vector<std::string> texts_;  // 2 * file + version
  std::vector<std::string> sources_[2];
  std::vector<Watched> watched_;
};

void check_after(const Place& place, const KilledRun& run, size_t version) {
  for (const Watched& watched : place.watched()) {
    EXPECT_EQ(fault_of(watched), "");
    if (!run.killed) {
      EXPECT_EQ(version_of(watched), static_cast<int>(version)) << watched.path;
    }
  }
  if (!run.killed) {
    EXPECT_EQ(run.exit_code, 0);
  }
}

// How many private files were left. Afterwards nothing is there that nobody asked for.
size_t sweep(const Place& place) {
  const size_t before = names_in(place.directory()).size();
  const Finished done = run({places::kCommand, "sweep", place.directory()});
  EXPECT_TRUE(done.ok()) << done.err;
  const std::vector<std::string> names = names_in(place.directory());
  for (const std::string& name : names) EXPECT_TRUE(place.is_watched(name)) << name << " is left";
  return before - names.size();
}

class KillStorm : public testing::TestWithParam<FsKind> {};
INSTANTIATE_TEST_SUITE_P(Fs, KillStorm, testing::Values(FsKind::ext4, FsKind::xfs, FsKind::btrfs),
                         [](const auto& test) { return std::string(name_of(test.param)); });

TEST_P(KillStorm, LeavesTheOldFileOrTheCompleteNewOne) {
  const ScratchFs fs = ScratchFs::make(GetParam());
  std::mt19937_64 random(storm_seed());
  const size_t each = storm_copies() / std::size(kStorms) + 1;
  KillTally sum;
  size_t swept = 0;
  for (const Storm& storm : kStorms) {
    SCOPED_TRACE(storm.name + std::string(", seed ") + std::to_string(storm_seed()));
    const Place place(fs, storm);
    Observer observer(place.watched());
    const KilledCopies copies{
        [&] { place.clear(); },
        [&](size_t version) { return place.command(version); },
        [&](const KilledRun& run, size_t version) { check_after(place, run, version); },
    };
    sum.add(kill_copies(copies, each, random));
    observer.stop();
    EXPECT_EQ(observer.strange(), std::set<std::string>{});
    EXPECT_GT(observer.looks(), each) << "it did not look often enough to prove anything";
    swept += sweep(place);
    if (HasFailure()) return;
  }
  std::printf(
      "storm: %s: %zu copies, killed %zu before and %zu while copying, %zu ended, "
      "%zu private files swept\n",
      std::string(name_of(GetParam())).c_str(), sum.all(), sum.early, sum.inside, sum.late, swept);
  expect_kills_everywhere(sum);
}

}  // namespace
}  // namespace libcopyfile::test
