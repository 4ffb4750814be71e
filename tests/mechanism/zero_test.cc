#include <gtest/gtest.h>

#include "mechanism/zeros.h"
#include "testing/inspect.h"
#include "testing/seccomp.h"
#include "trial.h"

namespace libcopyfile::test {
namespace {

class Zero : public ::testing::Test {
 protected:
  static Case named(const std::string& name) {
    for (const Subject& s : subjects()) {
      if (s.name == name) return {&s, FsKind::ext4};
    }
    throw std::out_of_range(name);
  }
  std::string directory_ = test_directory(FsKind::ext4);
};

TEST_F(Zero, HolesTakeNoRoom) {
  Trial t(named("zero_hole"), directory_);
  const uint64_t before = allocated_bytes(t.out());
  t.run();
  t.check();
  EXPECT_EQ(t.moved().holes, t.asked());
  EXPECT_LT(allocated_bytes(t.out()), before - 200'000);
}

TEST_F(Zero, ReservedSpaceIsAllocatedAndUnwritten) {
  Trial t(named("zero_reserve"), directory_);
  t.run();
  t.check();
  EXPECT_GE(allocated_bytes(t.out()), 520'000U);
  uint64_t unwritten = 0;
  for (const FileExtent& e : fiemap(t.out())) unwritten += e.unwritten() ? e.logical.length() : 0;
  EXPECT_GE(unwritten, 280'000U);
}

TEST_F(Zero, InANewFileAHoleIsNoRequestAtAll) {
  Subject subject = *named("zero_hole").subject;
  subject.manner.out_is_new = true;
  Trial t({&subject, FsKind::ext4}, directory_);
  t.run();
  EXPECT_EQ(t.moved().stop, Stop::complete);
  EXPECT_EQ(t.system.recorder.changes(), "");
}

TEST_F(Zero, WherePunchingIsRefusedZerosAreWritten) {
  for (const char* name : {"zero_hole", "zero_reserve"}) {
    Trial t(named(name), directory_);
    refusing({"no-fallocate"}, [&] { t.run(); });
    t.check();
    EXPECT_EQ(t.moved().stop, Stop::complete);
    EXPECT_NE(t.system.recorder.changes().find("write out"), std::string::npos);
  }
}

TEST_F(Zero, WrittenZerosGoInChunks) {
  Trial t(named("zero_write"), directory_);
  t.control.set_chunk(10'000);
  t.run();
  t.check();
  EXPECT_GE(t.control.calls(), t.asked() / 10'000);
  EXPECT_EQ(t.moved().holes, 0U);
}

TEST(AllZero, FindsEveryPositionOfASingleOne) {
  std::vector<std::byte> data(300);
  for (const size_t size : {size_t{1}, size_t{2}, size_t{7}, size_t{64}, size_t{300}}) {
    const std::span<std::byte> part = std::span(data).first(size);
    EXPECT_TRUE(all_zero(part));
    for (std::byte& b : part) {
      b = std::byte{1};
      EXPECT_FALSE(all_zero(part));
      b = std::byte{0};
    }
  }
  EXPECT_TRUE(all_zero({}));
}

}  // namespace
}  // namespace libcopyfile::test
