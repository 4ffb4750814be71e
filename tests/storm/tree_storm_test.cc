// SIGKILL at random moments of copies of trees: a new tree is absent or complete, in one that is there each file is the old one
// or the complete new one, and what is left is swept away.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <mutex>
#include <random>
#include <thread>

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

namespace fs = std::filesystem;

constexpr size_t kFiles = 24;
constexpr size_t kDirectories = 3;

struct Storm {
  const char* name;
  bool is_new;  // the tree is not there
  std::vector<std::string> options;
  bool named = false;  // private files have names, as where there is no O_TMPFILE
};

const Storm kStorms[] = {
    {"new", true, {}},
    {"durable", true, {"--durability=durable"}},
    {"into", false, {}},
    {"named", false, {"--jobs=2"}, true},
};

// Two versions of one tree, and the place that they are copied to.
class Place {
 public:
  Place(const ScratchFs& scratch, const Storm& storm) : storm_(storm) {
    directory_ = scratch.file(storm.name);
    make(directory_);
    const std::string sources =
        mount_root() + "/trees-" + std::string(name_of(scratch.kind())) + storm.name;
    make(sources);
    for (size_t v = 0; v < 2; ++v) {
      sources_[v] = sources + "/" + std::to_string(v);
      for (size_t i = 0; i < kFiles; ++i) {
        texts_[v].push_back(
            stamped_text(static_cast<uint8_t>(1 + 2 * i + v), 2000 * (i % 7) + 500 + v));
      }
      make_tree(sources_[v], v);
      // The other one is there, so that a file that is neither can't hide.
      if (symlink("link", (sources_[v] + "/d0/link").c_str()) != 0) {
        throw ScratchError::of_errno("make a link");
      }
    }
    if (!storm.is_new) make_tree(tree(), 1);
    for (size_t i = 0; i < kFiles; ++i) {
      watched_.push_back({tree() + "/" + name(i), {&texts_[0][i], &texts_[1][i]}, storm.is_new});
    }
  }

  std::string tree() const { return directory_ + "/tree"; }
  const std::string& directory() const { return directory_; }
  const Storm& storm() const { return storm_; }
  const std::vector<Watched>& watched() const { return watched_; }

  std::vector<std::string> command(size_t version) const {
    std::vector<std::string> words;
    if (storm_.named) words = {places::kRefuse, "no-o-tmpfile", "--"};
    for (const char* word : {places::kCommand, "-a", "-T"}) words.emplace_back(word);
    words.insert(words.end(), storm_.options.begin(), storm_.options.end());
    words.push_back(sources_[version]);
    words.push_back(tree());
    return words;
  }

  // What is wrong with a tree that has just come to be: nothing if it is absent, or is one of the two.
  std::string fault() const {
    if (access(tree().c_str(), F_OK) != 0) return {};
    int version = -1;
    for (size_t i = 0; i < kFiles; ++i) {
      const int now = version_of(watched_[i]);
      if (now < 0) return watched_[i].path + " is not complete";
      if (version >= 0 && now != version) return watched_[i].path + " is of another version";
      version = now;
    }
    const bool whole = names_in(tree() + "/d0").size() == kFiles / kDirectories + 1;
    return whole ? "" : "the link is missing";
  }
  int version() const { return version_of(watched_[0]); }

  void clear() const {
    if (storm_.is_new) fs::remove_all(tree());
  }

 private:
  static std::string name(size_t i) {
    return "d" + std::to_string(i % kDirectories) + "/f" + std::to_string(i);
  }
  static void make(const std::string& directory) {
    if (mkdir(directory.c_str(), 0755) != 0) throw ScratchError::of_errno("make " + directory);
  }
  void make_tree(const std::string& top, size_t version) const {
    make(top);
    for (size_t d = 0; d < kDirectories; ++d) make(top + "/d" + std::to_string(d));
    for (size_t i = 0; i < kFiles; ++i) write_text(top + "/" + name(i), texts_[version][i]);
  }

  const Storm& storm_;
  std::string directory_;
  std::string sources_[2];
  std::vector<std::string> texts_[2];
  std::vector<Watched> watched_;
};

// Looks at a tree that comes all the time; clear() waits for it.
class TreeWatch {
 public:
  explicit TreeWatch(const Place& place) : place_(place), thread_([this] { look(); }) {}
  TreeWatch(const TreeWatch&) = delete;
  TreeWatch& operator=(const TreeWatch&) = delete;
  ~TreeWatch() { stop(); }

  void stop() {
    stopping_ = true;
    if (thread_.joinable()) thread_.join();
  }
  void clear() {
    const std::lock_guard lock(mutex_);
    place_.clear();
  }
  uint64_t looks() const { return looks_; }
  // Call after stop().
  const std::string& strange() const { return strange_; }

 private:
  void look() {
    while (!stopping_) {
      {
        const std::lock_guard lock(mutex_);
        const std::string fault = place_.fault();
        if (!fault.empty()) strange_ = fault;
        ++looks_;
      }
      // Who waits for the lock shall get it.
      std::this_thread::yield();
    }
  }

  const Place& place_;
  std::mutex mutex_;
  std::atomic<bool> stopping_{false};
  std::atomic<uint64_t> looks_{0};
  std::string strange_;
  std::thread thread_;
};

void check_after(const Place& place, const KilledRun& run, size_t version) {
  if (place.storm().is_new) {
    EXPECT_EQ(place.fault(), "");
  }
  for (const Watched& watched : place.watched()) EXPECT_EQ(fault_of(watched), "");
  if (run.killed) return;
  EXPECT_EQ(run.exit_code, 0);
  for (const Watched& watched : place.watched()) {
    EXPECT_EQ(version_of(watched), static_cast<int>(version)) << watched.path;
  }
}

// The one who watches, if there is one, must not see a tree that is half taken away.
KillTally kill_copies_of(const Place& place, TreeWatch* watch, size_t copies,
                         std::mt19937_64& random) {
  const KilledCopies storm{
      [&] { watch != nullptr ? watch->clear() : place.clear(); },
      [&](size_t version) { return place.command(version); },
      [&](const KilledRun& run, size_t version) { check_after(place, run, version); },
  };
  return kill_copies(storm, copies, random);
}

size_t names_below(const std::string& directory) {
  size_t names = 0;
  for (const auto& entry : fs::recursive_directory_iterator(directory)) {
    names += entry.path().filename().string().starts_with(".copyfile-") ? 1 : 0;
  }
  return names;
}

// How many private names were left. Nobody copies: links go at once, too.
size_t sweep(const Place& place) {
  const size_t left = names_below(place.directory());
  const Finished done = run({places::kCommand, "sweep", "-r", "--force", place.directory()});
  EXPECT_TRUE(done.ok()) << done.err;
  EXPECT_EQ(names_below(place.directory()), 0U);
  EXPECT_EQ(names_in(place.directory()).size(), access(place.tree().c_str(), F_OK) == 0 ? 1U : 0U);
  return left;
}

class TreeStorm : public testing::TestWithParam<FsKind> {};
INSTANTIATE_TEST_SUITE_P(Fs, TreeStorm, testing::Values(FsKind::ext4, FsKind::xfs, FsKind::btrfs),
                         [](const auto& test) { return std::string(name_of(test.param)); });

TEST_P(TreeStorm, LeavesTheOldTreeOrTheCompleteNewOne) {
  const ScratchFs scratch = ScratchFs::make(GetParam());
  std::mt19937_64 random(storm_seed() + 1);
  const size_t each = storm_copies() / 2 / std::size(kStorms) + 1;
  KillTally sum;
  size_t swept = 0;
  for (const Storm& storm : kStorms) {
    SCOPED_TRACE(storm.name + std::string(", seed ") + std::to_string(storm_seed()));
    const Place place(scratch, storm);
    if (storm.is_new) {
      TreeWatch watch(place);
      sum.add(kill_copies_of(place, &watch, each, random));
      watch.stop();
      EXPECT_EQ(watch.strange(), "");
      EXPECT_GT(watch.looks(), each / 4) << "it did not look often enough to prove anything";
    } else {
      Observer observer(place.watched());
      sum.add(kill_copies_of(place, nullptr, each, random));
      observer.stop();
      EXPECT_EQ(observer.strange(), std::set<std::string>{});
      EXPECT_GT(observer.looks(), each / 4);
    }
    swept += sweep(place);
    if (HasFailure()) return;
  }
  std::printf(
      "storm: %s, trees: %zu copies, killed %zu before and %zu while copying, %zu ended, "
      "%zu private names swept\n",
      std::string(name_of(GetParam())).c_str(), sum.all(), sum.early, sum.inside, sum.late, swept);
  expect_kills_everywhere(sum);
  if (sum.inside > 20) {
    EXPECT_GT(swept, 0U) << "no kill hit a copy";
  }
}

}  // namespace
}  // namespace libcopyfile::test
