// A violation can be looked at again: from the recording that was kept, by the number of its state.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdio>
#include <filesystem>

#include "explorer.h"
#include "testing/private_mounts.h"
#include "workload.h"

namespace libcopyfile::test {
namespace {

const Job kCaught{FsKind::ext4, "create", Level::ordered, Copier::renames};

class Replay : public testing::Test {
 protected:
  Replay() : workload_(make_workload(kCaught)), recording_(record(kCaught, workload_)) {
    recording_.save(saved_);
  }
  Findings explore(const Recording& recording, const ExploreOptions& options) const {
    return Explorer(recording, workload_.history, options).run();
  }

  const std::string saved_ = mount_root() + "/saved";
  const Workload workload_;
  const Recording recording_;
};

TEST_F(Replay, ASavedRecordingHasTheSameStates) {
  const ExploreOptions options{.seed = 7, .states = 40, .only = {}, .keep = {}};
  const Findings first = explore(recording_, options);
  const Findings second = explore(Recording::load(kCaught, saved_), options);
  EXPECT_GT(first.violations, 0U);
  EXPECT_EQ(first.states, second.states);
  EXPECT_EQ(first.violations, second.violations);
  EXPECT_EQ(first.examples, second.examples);
}

TEST_F(Replay, OneStateIsFoundAgainAndItsImageKept) {
  const Findings all = explore(recording_, {.seed = 7, .states = 40, .only = {}, .keep = {}});
  ASSERT_FALSE(all.examples.empty());
  StateId id;
  unsigned long long number = 0;
  ASSERT_EQ(std::sscanf(all.examples.back().c_str(), "state %zu.%llu", &id.window, &number), 2)
      << all.examples.back();
  id.number = number;
  const std::string image = mount_root() + "/image";
  const Findings one = explore(Recording::load(kCaught, saved_),
                               {.seed = 7, .states = 40, .only = id, .keep = image});
  EXPECT_EQ(one.states, 1U);
  EXPECT_THAT(one.examples, testing::Contains(all.examples.back()));
  EXPECT_EQ(std::filesystem::file_size(image), uint64_t{64} << 20);
}

}  // namespace
}  // namespace libcopyfile::test
