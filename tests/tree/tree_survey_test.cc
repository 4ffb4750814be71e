// How much a copy will come to, counted ahead of it.
#include "tree/tree_survey.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>

#include "fixture.h"
#include "sys/system_info.h"
#include "testing/text_files.h"
#include "tree/filter.h"

namespace libcopyfile::test {
namespace {

class TreeSurveyTest : public ::testing::Test {
 protected:
  TreeSurveyTest() {
    make_directory(top_ + "/s");
    make_directory(top_ + "/s/d");
    write_text(top_ + "/s/a", std::string(1000, 'a'));
    write_text(top_ + "/s/d/b.o", std::string(200, 'b'));
    write_text(top_ + "/s/d/c", std::string(30, 'c'));
    EXPECT_EQ(::symlink("nowhere", (top_ + "/s/d/link").c_str()), 0);
    options_ = archive();
    options_.counters = &counters_;
  }
  // What was counted when all was, or after a long time.
  TreeCounters::Now counted(const std::vector<TreeRoot>& roots) {
    counters_.ask_for_total();
    const System system = system_.system();
    const TreeSurvey survey(system, roots, options_);
    const double begin = monotonic_seconds();
    while (!counters_.now().all_seen && monotonic_seconds() - begin < 20) sleep_seconds(0.01);
    return counters_.now();
  }

  const std::string top_ = test_directory(FsKind::ext4);
  FaultySystem system_;
  TreeCounters counters_;
  TreeOptions options_;
};

TEST_F(TreeSurveyTest, CountsTreesAndFiles) {
  const TreeCounters::Now now = counted({{top_ + "/s", top_ + "/t"}, {top_ + "/s/a", top_ + "/u"}});
  EXPECT_TRUE(now.all_seen);
  EXPECT_EQ(now.files_seen, 5U);
  EXPECT_EQ(now.bytes_seen, 2230U);
}

TEST_F(TreeSurveyTest, LeavesOutWhatTheCopyDoes) {
  Filter filter;
  ASSERT_TRUE(filter.add(Filter::Action::exclude, "/d/*.o"));
  options_.filter = &filter;
  const TreeCounters::Now now = counted({{top_ + "/s", top_ + "/t"}});
  EXPECT_TRUE(now.all_seen);
  EXPECT_EQ(now.files_seen, 3U);
  EXPECT_EQ(now.bytes_seen, 1030U);
}

// Large files are told of while they are copied, small ones when they are done, and in the end all is counted once.
TEST_F(TreeSurveyTest, WhatIsDoneIsCountedOnce) {
  constexpr uint64_t kLarge = 6 << 20;
  write_text(top_ + "/s/large", std::string(kLarge, 'x'));
  std::vector<uint64_t> seen;
  options_.control.rate = 16 << 20;
  options_.control.progress = [&](const Progress&) {
    seen.push_back(counters_.now().bytes_done);
    return true;
  };
  TreeRun run;
  ASSERT_TRUE(run.copy({{top_ + "/s", top_ + "/t"}, {top_ + "/s/large", top_ + "/u"}}, options_));
  EXPECT_TRUE(std::any_of(seen.begin(), seen.end(),
                          [](uint64_t bytes) { return bytes > 4096 && bytes < kLarge; }));
  EXPECT_TRUE(std::any_of(seen.begin(), seen.end(), [](uint64_t bytes) {
    return bytes > kLarge + 4096 && bytes < 2 * kLarge;
  }));
  EXPECT_EQ(counters_.now().files_done, 6U);
  EXPECT_EQ(counters_.now().bytes_done, 2 * kLarge + 1230);

  options_.overwrite = Overwrite::never;
  ASSERT_TRUE(run.copy({{top_ + "/s", top_ + "/t"}}, options_));
  EXPECT_EQ(counters_.now().files_done, 6U);
  EXPECT_EQ(counters_.now().bytes_seen, 0 - (kLarge + 1230));
}

TEST_F(TreeSurveyTest, IsNoWorkForNobody) {
  const double begin = monotonic_seconds();
  {
    const System system = system_.system();
    const std::vector<TreeRoot> roots{{top_ + "/s", top_ + "/t"}};
    const TreeSurvey survey(system, roots, options_);
    sleep_seconds(0.2);
  }
  // Nor does anybody wait for its end.
  EXPECT_LT(monotonic_seconds() - begin, 5.0);
  EXPECT_EQ(counters_.now().files_seen, 0U);
  EXPECT_FALSE(counters_.now().all_seen);
}

}  // namespace
}  // namespace libcopyfile::test
