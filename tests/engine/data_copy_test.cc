// Plans that meet reality: mechanisms that decline half-way, sources that end early, copies that are cancelled. Whatever
// is counted is in place, and what is in place is counted.
#include "engine/data_copy.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "facts/read_facts.h"
#include "testing/faulty_system.h"
#include "testing/inspect.h"
#include "testing/islands.h"
#include "testing/scratch_fs.h"

namespace libcopyfile::test {
namespace {

class DataCopyTest : public ::testing::Test {
 protected:
  void make(const std::string& source, const std::string& old, FsKind fs = FsKind::ext4) {
    const std::string directory = test_directory(fs);
    in_ = make_file(directory + "/in", layout_of(source), 1);
    out_ = make_file(directory + "/out", layout_of(old), 2);
    source_ = oracle_of(layout_of(source), 1);
    expected_ = oracle_of(layout_of(old), 2);
    system_.fd_names.set(in_.get(), "in");
    system_.fd_names.set(out_.get(), "out");
    SideFacts in = read_side(kernel_, in_.get(), true).value();
    SideFacts out = read_side(kernel_, out_.get(), true).value();
    facts_ = join_sides(std::move(in), std::move(out), false);
  }
  // As on a FUSE file system, where copy_file_range is tried first.
  void pretend_fuse() { facts_.in.fs_class = facts_.out.fs_class = FsClass::user; }

  DataOutcome run(std::vector<CopyRange> ranges) {
    JobControl control(options_, total_length(ranges));
    PlanRequest request;
    request.options = data_;
    request.ranges_asked = ranges.size();
    request.ranges = ranges;
    DataJob job{system_.files,      catalogue_, in_.get(), out_.get(), facts_,
                std::move(request), &learned_,  control,   true};
    return copy_data(job);
  }

  // What progress said last of a copy of the first `length` bytes, after never having said less than before.
  Progress watched(uint64_t length) {
    Progress last;
    options_.progress = [&](const Progress& now) {
      EXPECT_GE(now.copied, last.copied);
      EXPECT_GE(now.moved, last.moved);
      last = now;
      return true;
    };
    run({{0, 0, length}});
    return last;
  }

  // What `done` says is in place is there, and nothing else has changed. Not for copies that were stopped: behind what is
  // counted their destinations hold what was under way.
  void expect_done_in_place(const DataOutcome& outcome, const std::vector<CopyRange>& ranges) {
    uint64_t counted = 0;
    for (const CopyRange& r : ranges) {
      const uint64_t n = std::min(r.length, outcome.done.end_of_run(r.out) - r.out);
      counted += expected_.copy(source_, r.part(0, n));
    }
    EXPECT_EQ(counted, outcome.copied);
    EXPECT_TRUE(holds(out_.get(), expected_));
  }

  KernelFiles kernel_;
  FaultySystem system_;
  Catalogue catalogue_;
  Learned learned_;
  ControlOptions options_;
  DataOptions data_;
  Facts facts_;
  Fd in_, out_;
  Oracle source_, expected_;
};

constexpr uint64_t kMiB = 1 << 20;

TEST_F(DataCopyTest, HoleAtTheEndSurvivesADeclinedMechanism) {
  make("data 1M, hole 1M", "");
  pretend_fuse();
  system_.script.inject("fail copy_range errno=EOPNOTSUPP");
  const std::vector<CopyRange> all{{0, 0, 2 * kMiB}};
  const DataOutcome outcome = run(all);
  EXPECT_FALSE(outcome.error);
  EXPECT_EQ(outcome.declined.size(), 2U);  // sharing, then copy_file_range
  expect_done_in_place(outcome, all);
}

TEST_F(DataCopyTest, HoleAtTheEndOfANewFileSurvivesADeclinedMechanism) {
  make("data 1M, hole 1M", "");
  pretend_fuse();
  facts_.out_is_new = true;
  data_.cache = CachePolicy::bypass;
  system_.script.inject("fail copy_range errno=EOPNOTSUPP");
  const std::vector<CopyRange> all{{0, 0, 2 * kMiB}};
  const DataOutcome outcome = run(all);
  EXPECT_FALSE(outcome.error);
  EXPECT_EQ(outcome.bytes_by[index_of(MechanismId::direct)], kMiB);
  expect_done_in_place(outcome, all);
}

TEST_F(DataCopyTest, CountedHolesAreInPlaceAlsoAfterAnError) {
  make("data 1M, hole 1M", "");
  system_.script.inject("fail write errno=ENOSPC");
  const std::vector<CopyRange> all{{0, 0, kMiB}, {kMiB, kMiB, kMiB}};
  const DataOutcome outcome = run({{0, 0, 2 * kMiB}});
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.error->code, ENOSPC);
  EXPECT_EQ(outcome.copied, kMiB);
  expect_done_in_place(outcome, all);
}

TEST_F(DataCopyTest, DeclinedHalfWayGoesOnFromThere) {
  make("data 3M", "data 4M");
  pretend_fuse();
  system_.script.inject("short copy_range bytes=300001")
      .inject("fail copy_range errno=EINVAL after=3");
  const std::vector<CopyRange> all{{0, 100, kMiB}, {kMiB, 2 * kMiB, kMiB}};
  const DataOutcome outcome = run(all);
  EXPECT_FALSE(outcome.error);
  EXPECT_EQ(outcome.bytes_by[index_of(MechanismId::copy_range)], 900003U);
  EXPECT_EQ(outcome.bytes_by[index_of(MechanismId::buffered)], 2 * kMiB - 900003);
  expect_done_in_place(outcome, all);
}

TEST_F(DataCopyTest, ZeroThatIsNotTheEndGoesOnFromThere) {
  make("data 3M", "");
  pretend_fuse();
  system_.script.inject("short copy_range bytes=100000").inject("zero copy_range after=5");
  const std::vector<CopyRange> all{{0, 0, 3 * kMiB}};
  const DataOutcome outcome = run(all);
  EXPECT_FALSE(outcome.end_of_source);
  expect_done_in_place(outcome, all);
}

TEST_F(DataCopyTest, FinalErrorsAreNotTriedAnotherWay) {
  for (const char* code : {"EIO", "ENOSPC", "EDQUOT", "ENOMEM"}) {
    make("data 1M", "", FsKind::xfs);
    system_.script.inject(std::string("fail clone_range errno=") + code);
    const DataOutcome outcome = run({{0, 0, kMiB}});
    EXPECT_TRUE(outcome.error) << code;
    EXPECT_EQ(outcome.copied, 0U);
    EXPECT_EQ(system_.recorder.only({"write", "copy_range"}), "") << code;
    system_.script.clear();
  }
}

TEST_F(DataCopyTest, MustShareAndRefusedIsTheErrnoOfTheRefusal) {
  make("data 1M", "data 1M", FsKind::ext4);
  data_.sharing = Sharing::always;
  const DataOutcome outcome = run({{0, 0, kMiB}});
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.error->code, EOPNOTSUPP);
  EXPECT_EQ(system_.recorder.only({"write", "copy_range"}), "");
  expect_done_in_place(outcome, {});
}

// Ranges behind one that ends early may lie elsewhere in the source.
TEST_F(DataCopyTest, RangesBeforeTheEndAreCopiedWhateverTheirOrder) {
  make("data 1M", "data 4M");
  // The size is not known, as that of a file of procfs.
  facts_.in.size_trusted = false;
  const std::vector<CopyRange> all{{2 * kMiB, 0, 1000},    {kMiB - 10, 1000, 20}, {0, 2000, 500},
                                   {5 * kMiB, 3000, 1000}, {1000, 4000, 100},     {kMiB, 5000, 1}};
  const DataOutcome outcome = run(all);
  EXPECT_FALSE(outcome.error);
  EXPECT_TRUE(outcome.end_of_source);
  EXPECT_EQ(outcome.copied, 610U);
  expect_done_in_place(outcome, all);
}

TEST_F(DataCopyTest, ManyRangesBehindTheEndAreAskedForOnce) {
  make("data 1M", "data 4M");
  facts_.in.size_trusted = false;
  std::vector<CopyRange> all;
  for (uint64_t i = 0; i < 1000; ++i) all.push_back({(1000 - i) * kMiB, i * 100, 50});
  all.push_back({0, kMiB, 4096});
  const DataOutcome outcome = run(all);
  EXPECT_EQ(outcome.copied, 4096U);
  EXPECT_LE(system_.script.calls("read"), 1003U);
  expect_done_in_place(outcome, all);
}

TEST_F(DataCopyTest, ShrunkSourceIsAShortCopyOfWhatIsLeft) {
  make("data 8M", "");
  system_.script.before("read", 0, [&] { ASSERT_EQ(ftruncate(in_.get(), 5 * kMiB), 0); });
  const std::vector<CopyRange> all{{4 * kMiB, 0, 4 * kMiB}, {0, 4 * kMiB, 4 * kMiB}};
  const DataOutcome outcome = run(all);
  EXPECT_FALSE(outcome.error);
  EXPECT_TRUE(outcome.end_of_source);
  EXPECT_EQ(outcome.copied, 5 * kMiB);
  source_.truncate(5 * kMiB);
  expect_done_in_place(outcome, {{4 * kMiB, 0, kMiB}, {0, 4 * kMiB, 4 * kMiB}});
}

TEST_F(DataCopyTest, PastTheEndIsShortAndSaysSo) {
  make("data 1M", "data 100");
  const std::vector<CopyRange> all{{kMiB - 5, 10, 100}, {2 * kMiB, 4 * kMiB, 100}};
  const DataOutcome outcome = run(all);
  EXPECT_FALSE(outcome.error);
  EXPECT_TRUE(outcome.end_of_source);
  EXPECT_EQ(outcome.copied, 5U);
  expect_done_in_place(outcome, all);
}

TEST_F(DataCopyTest, ExactIsAnErrorBeforeTheFirstByte) {
  make("data 1M", "data 100");
  data_.exact = true;
  const DataOutcome outcome = run({{0, 0, 10}, {kMiB - 5, 10, 100}});
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.error->code, ENODATA);
  EXPECT_EQ(system_.recorder.changes(), "");
}

TEST_F(DataCopyTest, AfterCancellingNobodyIsAskedAgain) {
  make("data 8M", "");
  uint64_t calls = 0;
  uint64_t refusals = 0;
  options_.rate = 10 << 20;
  options_.progress = [&](const Progress&) {
    ++calls;
    return refusals++ > 0;  // says stop once only
  };
  const DataOutcome outcome = run({{0, 0, 8 * kMiB}});
  EXPECT_TRUE(outcome.cancelled);
  EXPECT_EQ(calls, 1U);
  EXPECT_LT(outcome.copied, 8 * kMiB);
}

TEST_F(DataCopyTest, ProgressEndsWithTheTotal) {
  make("data 8M", "");
  const Progress last = watched(8 * kMiB);
  EXPECT_EQ(last.copied, 8 * kMiB);
  EXPECT_EQ(last.total, 8 * kMiB);
  EXPECT_EQ(last.moved, 8 * kMiB);
  EXPECT_EQ(last.to_move, 8 * kMiB);
}

TEST_F(DataCopyTest, ProgressTellsWhatIsMovedFromWhatIsNot) {
  make("data 1M, hole 6M, data 1M", "");
  const Progress last = watched(8 * kMiB);
  EXPECT_EQ(last.copied, 8 * kMiB);
  EXPECT_EQ(last.moved, 2 * kMiB);
  EXPECT_EQ(last.to_move, 2 * kMiB);
}

// Planned again, what is in place already is not moved a second time.
TEST_F(DataCopyTest, ProgressKnowsWhatIsLeftAfterADeclinedMechanism) {
  make("data 8M", "");
  pretend_fuse();
  system_.script.inject("short copy_range bytes=1048576")
      .inject("fail copy_range errno=EINVAL after=3");
  const Progress last = watched(8 * kMiB);
  EXPECT_EQ(last.copied, 8 * kMiB);
  EXPECT_EQ(last.moved, 8 * kMiB);
  EXPECT_EQ(last.to_move, 8 * kMiB);
}

TEST_F(DataCopyTest, RateIsKeptRoughly) {
  make("data 2M", "");
  options_.rate = 4 << 20;
  timespec begin{};
  timespec end{};
  clock_gettime(CLOCK_MONOTONIC, &begin);
  run({{0, 0, 2 * kMiB}});
  clock_gettime(CLOCK_MONOTONIC, &end);
  const double seconds = static_cast<double>(end.tv_sec - begin.tv_sec) +
                         1e-9 * static_cast<double>(end.tv_nsec - begin.tv_nsec);
  EXPECT_GE(seconds, 0.45);
}

// --- what is learned ---

TEST_F(DataCopyTest, RefusalBeforeTheFirstByteIsLearnedForTheMounts) {
  make("data 1M", "");
  run({{0, 0, kMiB}});
  EXPECT_EQ(system_.script.calls("clone_range"), 1U);
  Facts later = facts_;
  later.learned = {};
  learned_.recall(later);
  EXPECT_EQ(later.learned[index_of(MechanismId::reflink)].can, Can::no);
  EXPECT_EQ(later.learned[index_of(MechanismId::reflink)].code, EOPNOTSUPP);
  EXPECT_EQ(later.learned[index_of(MechanismId::buffered)].can, Can::unknown);
}

TEST_F(DataCopyTest, WhatIsTurnedOffForAMountIsNotAsked) {
  make("data 1M", "", FsKind::xfs);
  Learned other;
  other.turn_off(facts_.in.stat.mount + 1);
  other.recall(facts_);
  EXPECT_EQ(facts_.learned[index_of(MechanismId::reflink)].can, Can::unknown);
  for (SideFacts Facts::*side : {&Facts::in, &Facts::out}) {
    Facts facts = facts_;
    (facts.*side).stat.mount = 12345;
    Learned learned;
    learned.turn_off(12345);
    learned.recall(facts);
    for (const MechanismId id : {MechanismId::reflink, MechanismId::copy_range}) {
      EXPECT_EQ(facts.learned[index_of(id)].can, Can::no);
      EXPECT_EQ(facts.learned[index_of(id)].reason, "turned off for this mount");
    }
    EXPECT_EQ(facts.learned[index_of(MechanismId::buffered)].can, Can::unknown);
  }
}

TEST_F(DataCopyTest, RefusalBecauseOfTheFileTeachesNothingAboutTheMounts) {
  make("data 1M", "", FsKind::xfs);
  system_.script.inject("fail clone_range errno=EINVAL");
  const DataOutcome outcome = run({{0, 0, kMiB}});
  EXPECT_EQ(outcome.declined.size(), 1U);
  Facts later = facts_;
  learned_.recall(later);
  EXPECT_EQ(later.learned[index_of(MechanismId::reflink)].can, Can::unknown);
}

TEST_F(DataCopyTest, RefusalAfterTheFirstByteTeachesNothingAboutTheMounts) {
  make("data 4M", "");
  pretend_fuse();
  system_.script.inject("short copy_range bytes=100000")
      .inject("fail copy_range errno=EXDEV after=1");
  run({{0, 0, 4 * kMiB}});
  Facts later = facts_;
  learned_.recall(later);
  EXPECT_EQ(later.learned[index_of(MechanismId::copy_range)].can, Can::unknown);
}

TEST_F(DataCopyTest, UnknownMountsTeachNothing) {
  make("data 1M", "");
  facts_.in.stat.mount = 0;
  run({{0, 0, kMiB}});
  Facts later = facts_;
  learned_.recall(later);
  EXPECT_EQ(later.learned[index_of(MechanismId::reflink)].can, Can::unknown);
}

}  // namespace
}  // namespace libcopyfile::test
