#include <gtest/gtest.h>
#include <sys/stat.h>

#include "testing/inspect.h"
#include "testing/seccomp.h"
#include "trial.h"

namespace libcopyfile::test {
namespace {

Case find_case(const std::string& name, FsKind fs) {
  for (const Subject& s : subjects()) {
    if (s.name == name) return {&s, fs};
  }
  throw std::out_of_range(name);
}

class Reflink : public ::testing::TestWithParam<FsKind> {
 protected:
  Case named(const std::string& name) { return find_case(name, GetParam()); }
  std::string directory_ = test_directory(GetParam());
};

INSTANTIATE_TEST_SUITE_P(Mechanism, Reflink,
                         ::testing::Values(FsKind::xfs, FsKind::btrfs, FsKind::overlay),
                         [](const auto& i) { return std::string(name_of(i.param)); });

TEST_P(Reflink, SharesTheExtentsAndWritesNothing) {
  Trial t(named("reflink_whole"), directory_);
  t.run();
  EXPECT_EQ(t.system.recorder.changes(), "clone source to out = ok\n");
  EXPECT_TRUE(shares_all(t.source(), t.out(), {0, t.source_size()}));
}

TEST_P(Reflink, RangesGoInChunksOfWholeBlocks) {
  Trial t(named("reflink_tail"), directory_);
  t.control.set_chunk(50'000);  // no multiple of a block
  t.run();
  t.check();
  EXPECT_EQ(t.moved().stop, Stop::complete);
  EXPECT_EQ(t.system.recorder.changes(),
            "clone_range source 4096+49152 to out 8192 = ok\n"
            "clone_range source 53248+20480 to out 57344 = ok\n"
            "clone_range source 204800+4096 to out 98304 = ok\n"
            "clone_range source 102400+49152 to out 200704 = ok\n"
            "clone_range source 151552+49152 to out 249856 = ok\n"
            "clone_range source 200704+49152 to out 299008 = ok\n"
            "clone_range source 249856+4096 to out 348160 = ok\n"
            "clone_range source 401408+49152 to out 421888 = ok\n"
            "clone_range source 450560+49152 to out 471040 = ok\n"
            "clone_range source 499712+12576 to out 520192 = ok\n");
}

TEST_P(Reflink, ChunkBelowABlockIsOneBlock) {
  Trial t(named("reflink"), directory_, Size::small);
  t.control.set_chunk(1);
  t.run();
  t.check_continuation();
  EXPECT_EQ(t.moved().stop, Stop::complete);
  EXPECT_EQ(t.control.largest_step(), 4096U);
}

// A success that cloned nothing, or too little, as ZFS 2.2.0 had it.
TEST_P(Reflink, CloneThatCameOutShortIsNotBelieved) {
  Trial t(named("reflink_whole"), directory_);
  t.system.script.inject("drop clone");
  t.run();
  t.check();
  EXPECT_EQ(t.moved().stop, Stop::declined);
  EXPECT_EQ(t.moved().bytes, 0U);
  EXPECT_EQ(t.moved().error.code, ESTALE);
  t.check_continuation();
}

TEST_P(Reflink, WhatAShortCloneLeftIsRemoved) {
  Trial t(named("reflink_whole"), directory_);
  t.system.script.before("stat", 0, [&] { ASSERT_EQ(ftruncate(t.out(), 5000), 0); });
  t.run();
  EXPECT_EQ(t.moved().stop, Stop::declined);
  struct stat now {};
  ASSERT_EQ(fstat(t.out(), &now), 0);
  EXPECT_EQ(now.st_size, 0);
}

}  // namespace
}  // namespace libcopyfile::test
