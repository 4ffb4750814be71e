#include <gtest/gtest.h>

#include "trial.h"

namespace libcopyfile::test {
namespace {

class CopyRangeCall : public ::testing::Test {
 protected:
  static Case the_case() {
    for (const Subject& s : subjects()) {
      if (s.id == MechanismId::copy_range) return {&s, FsKind::ext4};
    }
    throw std::out_of_range("copy_range");
  }
  std::string directory_ = test_directory(FsKind::ext4);
  Trial trial_{the_case(), directory_};
};

// Files of FUSE and of virtual file systems: 0 is not the end (golang/go#44272).
TEST_F(CopyRangeCall, ZeroWithDataBehindItDeclines) {
  trial_.system.script.inject("zero copy_range");
  trial_.run();
  trial_.check();
  EXPECT_EQ(trial_.moved().stop, Stop::declined);
  EXPECT_EQ(trial_.moved().bytes, 0U);
  EXPECT_EQ(trial_.moved().scope, Scope::file);
  trial_.check_continuation();
}

TEST_F(CopyRangeCall, ZeroInTheMiddleDeclinesFromThere) {
  trial_.system.script.inject("zero copy_range after=2");
  trial_.run();
  trial_.check();
  EXPECT_EQ(trial_.moved().stop, Stop::declined);
  EXPECT_EQ(trial_.moved().bytes, 70000U);
  trial_.check_continuation();
}

TEST_F(CopyRangeCall, ZeroAtTheEndIsTheEnd) {
  trial_.system.script.before("copy_range", 4,
                              [&] { ASSERT_EQ(ftruncate(trial_.source(), 110000), 0); });
  trial_.run();
  trial_.check();
  EXPECT_EQ(trial_.moved().stop, Stop::end_of_source);
}

TEST_F(CopyRangeCall, FailureOfTheProbeIsAFailure) {
  trial_.system.script.inject("zero copy_range").inject("fail read errno=EIO");
  trial_.run();
  EXPECT_EQ(trial_.moved().stop, Stop::failed);
  EXPECT_EQ(trial_.moved().error.code, EIO);
}

// CIFS says EIO for what its server does not support (golang/go#42334).
TEST_F(CopyRangeCall, InputErrorOfCifsDeclinesBeforeTheFirstByteOnly) {
  for (const uint64_t magic : {0xff534d42U, 0xfe534d42U}) {
    for (const int after : {0, 1}) {
      Trial t(the_case(), directory_);
      t.facts().out.fs.magic = magic;
      t.system.script.inject("fail copy_range errno=EIO after=" + std::to_string(after));
      const Moved& moved = t.run();
      EXPECT_EQ(moved.stop, after == 0 ? Stop::declined : Stop::failed);
    }
  }
}

TEST_F(CopyRangeCall, NoCallIsLargerThanTheChunk) {
  trial_.control.set_chunk(10'000);
  trial_.run();
  EXPECT_EQ(trial_.moved().stop, Stop::complete);
  EXPECT_EQ(trial_.control.largest_step(), 10'000U);
}

}  // namespace
}  // namespace libcopyfile::test
