// Golden request logs: exactly which requests a copy makes that change a file or a name, in their order. A mechanism that
// writes what it should have shared, or fills a hole, shows here at once. COPYFILE_UPDATE_GOLDEN=1 writes them anew.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <functional>
#include <map>
#include <set>
#include <sstream>

#include "engine/range_job.h"
#include "testing/faulty_system.h"
#include "testing/golden.h"
#include "testing/islands.h"
#include "testing/places.h"
#include "testing/scratch_error.h"
#include "testing/scratch_fs.h"

namespace libcopyfile::test {
namespace {

constexpr uint64_t kKiB = 1024;
constexpr uint64_t kMiB = 1024 * kKiB;

struct LogCase {
  std::string name;
  FsKind fs;
  std::string source;                      // layout
  std::optional<std::string> old;          // of the destination; absent: a new file by copy_file()
  std::vector<CopyRange> ranges;           // between two descriptors of a caller
  std::function<void(DataOptions&)> wish;  // may be empty
  std::vector<std::string> faults;
  int times = 1;  // the same copy again, to another name, in the same program
};

void never_share(DataOptions& o) { o.sharing = Sharing::never; }
void sparse_always(DataOptions& o) { o.sparse = Sparse::always; }
void sparse_never(DataOptions& o) { o.sparse = Sparse::never; }

std::vector<CopyRange> adjacent(uint64_t count) {
  std::vector<CopyRange> all;
  for (uint64_t i = 0; i < count; ++i) all.push_back({i * 4096, i * 4096, 4096});
  return all;
}

std::vector<LogCase> file_cases() {
  const std::string islands = "hole 1M, data 64K, unwritten 1M, data 4K, hole 10M";
  return {
      {"file_cloned", FsKind::xfs, "data 10M", {}, {}, {}, {}},
      {"file_cloned_through_overlay", FsKind::overlay, "data 10M", {}, {}, {}, {}},
      {"file_cloned_with_its_holes", FsKind::btrfs, islands, {}, {}, {}, {}},
      {"file_copied_where_clones_are_refused", FsKind::ext4, "data 3M", {}, {}, {}, {}},
      {"second_file_asks_for_no_clone", FsKind::ext4, "data 1M", {}, {}, {}, {}, 2},
      {"file_small", FsKind::xfs, "data 1000", {}, {}, {}, {}},
      {"file_empty", FsKind::xfs, "", {}, {}, {}, {}},
      {"file_really_copied", FsKind::xfs, "data 3M", {}, {}, never_share, {}},
      {"file_with_holes", FsKind::ext4, islands, {}, {}, {}, {}},
      {"file_with_holes_never_shared", FsKind::xfs, islands, {}, {}, never_share, {}},
      {"file_of_one_hole", FsKind::ext4, "hole 10M", {}, {}, {}, {}},
      {"file_with_holes_written",
       FsKind::ext4,
       "hole 1M, data 64K, hole 1M",
       {},
       {},
       sparse_never,
       {}},
      {"file_with_holes_found",
       FsKind::ext4,
       "hole 256K, data 64K, unwritten 64K, data 4K",
       {},
       {},
       sparse_always,
       {}},
      {"file_on_tmpfs", FsKind::tmpfs, "data 64K, hole 1M, data 64K", {}, {}, {}, {}},
      {"file_through_the_server", FsKind::fuse, "data 64K, hole 1M, data 64K", {}, {}, {}, {}},
      {"file_when_the_server_will_not",
       FsKind::fuse,
       "data 64K, hole 1M, data 64K",
       {},
       {},
       {},
       {"fail copy_range errno=EOPNOTSUPP"}},
      {"file_when_the_server_stops",
       FsKind::fuse,
       "data 200K",
       {},
       {},
       {},
       {"short copy_range bytes=65536", "fail copy_range errno=EINVAL after=2"}},
      {"file_without_unnamed_files",
       FsKind::ext4,
       "data 1000",
       {},
       {},
       {},
       {"fail create_unnamed errno=EOPNOTSUPP"}},
  };
}

std::vector<LogCase> range_cases() {
  return {
      {"ragged_range_writes_head_and_tail_only",
       FsKind::xfs,
       "data 4M",
       "data 4M",
       {{1000, 4096 + 1000, kMiB}},
       {},
       {}},
      {"tail_at_the_end_of_both_is_cloned",
       FsKind::xfs,
       "data 1000000",
       "data 4K",
       {{0, 4096, 1'000'000}},
       {},
       {}},
      {"tail_before_the_new_end_is_copied",
       FsKind::xfs,
       "data 1000000",
       "data 4K",
       {{0, 4096, 1'000'000}, {100, 4 * kMiB + 50, 1000}, {5000, 5 * kMiB, 1000}},
       {},
       {}},
      {"small_ranges_are_copied",
       FsKind::xfs,
       "data 1M",
       "data 1M",
       {{0, 8192, 4096}, {65536, 0, 4096}, {131072, 262144, 4096}},
       {},
       {}},
      {"ranges_not_aligned_together",
       FsKind::btrfs,
       "data 1M",
       "data 1M",
       {{1, 0, 300'000}},
       {},
       {}},
      {"swapped_halves_are_two_clones",
       FsKind::xfs,
       "data 2M",
       "",
       {{kMiB, 0, kMiB}, {0, kMiB, kMiB}},
       {},
       {}},
      {"a_million_adjacent_ranges",
       FsKind::xfs,
       "data 64K, hole 3999936K",
       "",
       adjacent(1'000'000),
       {},
       {}},
      {"holes_are_punched",
       FsKind::ext4,
       "data 64K, hole 1M, unwritten 1M, data 64K, hole 1M",
       "data 4M",
       {{0, 100, 3 * kMiB}},
       {},
       {}},
      {"holes_behind_the_end_are_only_size",
       FsKind::ext4,
       "data 64K, hole 1M",
       "data 4K",
       {{0, 0, kMiB}},
       {},
       {}},
      {"holes_where_none_can_be_punched",
       FsKind::ext4,
       "data 64K, hole 128K",
       "data 1M",
       {{0, 0, 192 * kKiB}},
       {},
       {"fail punch errno=EOPNOTSUPP"}},
      {"clone_refused_in_the_middle",
       FsKind::xfs,
       "data 4M",
       "data 4M",
       {{0, kMiB, kMiB}, {2 * kMiB, 3 * kMiB, kMiB}},
       {},
       {"fail clone_range errno=EINVAL after=1"}},
      {"ranges_past_the_end",
       FsKind::ext4,
       "data 100K",
       "",
       {{90'000, 0, 50'000}, {200'000, 60'000, 10}},
       {},
       {}},
      {"ranges_within_one_file", FsKind::xfs, "data 4M", "", {}, {}, {}},
  };
}

// Two threads write at once: of writes that follow each other the order is not told.
std::string with_ordered_writes(const std::string& log) {
  std::istringstream lines(log);
  std::string text;
  std::map<uint64_t, std::string> writes;
  const auto flush = [&] {
    for (const auto& [offset, line] : writes) text += line + "\n";
    writes.clear();
  };
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("write ")) {
      flush();
      text += line + "\n";
      continue;
    }
    writes[std::stoull(line.substr(line.find(' ', 6) + 1))] = line;
  }
  flush();
  return text;
}

class RequestLog : public ::testing::TestWithParam<LogCase> {
 protected:
  RequestLog() : directory_(test_directory(GetParam().fs)) {
    in_ = make_file(directory_ + "/source", layout_of(GetParam().source), 1);
    if (fsync(in_.get()) != 0) throw ScratchError::of_errno("sync the source");
    if (GetParam().wish) GetParam().wish(options_);
  }

  std::string copy_file_log() {
    const Fd dir(open(directory_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    std::string log;
    for (int i = 0; i < GetParam().times; ++i) {
      FileJob job;
      job.in_dir = job.out_dir = dir.get();
      job.in_path = "source";
      job.out_path = "copy" + std::to_string(i);
      job.data = options_;
      FileReport report;
      const Done ok = copy_file(system_.system(), catalogue_, &learned_, job, report);
      EXPECT_TRUE(ok) << ok.error().message();
      log += system_.recorder.only({"create_unnamed", "create_exclusive", "clone", "clone_range",
                                    "copy_range", "write", "reserve", "punch", "zero_range",
                                    "truncate", "set_owner", "set_mode", "set_times", "sync",
                                    "link", "rename", "unlink"});
      system_.recorder.clear();
    }
    return log;
  }

  std::string copy_ranges_log() {
    const LogCase& c = GetParam();
    Fd out;
    std::vector<CopyRange> ranges = c.ranges;
    const bool one_file = c.name == "ranges_within_one_file";
    if (one_file) {
      ranges = {{0, 2 * kMiB, kMiB}, {kMiB, 3 * kMiB + 100, 1000}};
      out = Fd(open((directory_ + "/source").c_str(), O_RDWR | O_CLOEXEC));
    } else {
      out = make_file(directory_ + "/out", layout_of(*c.old), 2);
    }
    system_.fd_names.set(in_.get(), "source");
    system_.fd_names.set(out.get(), one_file ? "source" : "out");
    RangeJob job;
    job.in = in_.get();
    job.out = out.get();
    job.ranges = ranges;
    job.data = options_;
    RangeReport report;
    const Done ok = copy_ranges(system_.files, catalogue_, &learned_, job, report);
    EXPECT_TRUE(ok) << ok.error().message();
    return system_.recorder.changes();
  }

  std::string directory_;
  Fd in_;
  DataOptions options_;
  FaultySystem system_;
  Catalogue catalogue_;
  Learned learned_;
};

std::vector<LogCase> all_cases() {
  std::vector<LogCase> all = file_cases();
  for (LogCase& c : range_cases()) all.push_back(std::move(c));
  return all;
}

INSTANTIATE_TEST_SUITE_P(Engine, RequestLog, ::testing::ValuesIn(all_cases()),
                         [](const auto& i) { return i.param.name; });

TEST_P(RequestLog, IsAsRecorded) {
  for (const std::string& fault : GetParam().faults) system_.script.inject(fault);
  const std::string log = GetParam().old ? copy_ranges_log() : copy_file_log();
  EXPECT_TRUE(
      matches_golden(std::string(places::kTests) + "/engine/golden/" + GetParam().name + ".txt",
                     with_ordered_writes(log)));
}

TEST(RequestLogs, HaveOneCaseEach) {
  std::set<std::string> names;
  for (const LogCase& c : all_cases()) names.insert(c.name + ".txt");
  EXPECT_EQ(names.size(), all_cases().size());
  for (const auto& entry :
       std::filesystem::directory_iterator(std::string(places::kTests) + "/engine/golden")) {
    EXPECT_TRUE(names.contains(entry.path().filename())) << entry.path() << " belongs to no case";
  }
}

// What a log cannot show: a copy of holes reads nothing either.
TEST(RequestLogs, HolesAreNotEvenRead) {
  const std::string directory = test_directory(FsKind::ext4);
  make_file(directory + "/source", layout_of("data 64K, hole 100M, data 64K"), 1);
  const Fd dir(open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  FaultySystem system;
  FileJob job;
  job.in_dir = job.out_dir = dir.get();
  job.in_path = "source";
  job.out_path = "copy";
  FileReport report;
  ASSERT_TRUE(copy_file(system.system(), Catalogue(), nullptr, job, report));
  EXPECT_EQ(system.script.bytes("read"), 128 * kKiB);
  EXPECT_EQ(system.script.bytes("write"), 128 * kKiB);
}

}  // namespace
}  // namespace libcopyfile::test
