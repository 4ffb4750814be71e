// The language of faults: which call is affected, and what is not understood.
#include "testing/faults.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace libcopyfile::test {
namespace {

constexpr std::array<std::string_view, 3> kOperations{"read", "write", "fsync"};

class FaultsTest : public ::testing::Test {
 protected:
  void rule(std::string_view text) {
    std::optional<Rule> parsed = parse_rule(text, kOperations);
    ASSERT_TRUE(parsed) << text;
    faults_.add(*parsed);
  }
  Verdict write(uint64_t offset = 0, uint64_t length = 10, std::string_view file = "x") {
    return faults_.judge("write", file, offset, length);
  }
  // "0010": what the next calls fail with, 1 for an error.
  std::string failures(int calls) {
    std::string text;
    for (int i = 0; i < calls; ++i) text += write().error != 0 ? '1' : '0';
    return text;
  }

  Faults faults_;
};

TEST_F(FaultsTest, AfterLetsCallsThrough) {
  rule("fail write errno=EIO after=2");
  EXPECT_EQ(failures(5), "00111");
}

TEST_F(FaultsTest, TimesEndsIt) {
  rule("fail write errno=EIO after=1 times=2");
  EXPECT_EQ(failures(5), "01100");
}

TEST_F(FaultsTest, EveryAlternates) {
  rule("fail any errno=EINTR every=2");
  EXPECT_EQ(failures(5), "10101");
}

TEST_F(FaultsTest, EveryCountsBehindAfter) {
  rule("fail any errno=EINTR every=3 after=1 times=2");
  EXPECT_EQ(failures(9), "010010000");
}

TEST_F(FaultsTest, OtherOperationsAndFilesAreFree) {
  rule("fail read errno=EIO");
  rule("fail write errno=EIO file=a*");
  EXPECT_EQ(write().error, 0);
  EXPECT_EQ(write(0, 1, "abc").error, EIO);
}

TEST_F(FaultsTest, AtMeansTheByteAndWhatFollows) {
  rule("fail write errno=EIO at=100");
  EXPECT_EQ(write(90, 10).error, 0);
  EXPECT_EQ(write(90, 11).error, EIO);
  EXPECT_EQ(write(200, 1).error, EIO);
  EXPECT_EQ(write(100, 0).error, EIO);
}

TEST_F(FaultsTest, FailureOutranksShortness) {
  rule("short write bytes=5");
  rule("short write bytes=1");
  rule("fail write errno=ENOSPC after=2");
  EXPECT_EQ(write().limit, 1U);
  EXPECT_EQ(write().error, 0);
  EXPECT_EQ(write().error, ENOSPC);
}

TEST_F(FaultsTest, FlipsWhatIsAsked) {
  rule("flip write after=1 times=1");
  EXPECT_FALSE(write().flip);
  EXPECT_TRUE(write().flip);
  EXPECT_FALSE(write().flip);
}

TEST_F(FaultsTest, LiesAboutSizeAndHoles) {
  EXPECT_EQ(faults_.told_size("x", 100), 100U);
  EXPECT_FALSE(faults_.told_data("x"));
  rule("lie size add=-1 file=x");
  rule("lie size bytes=0x10");
  rule("lie seek as=hole");
  EXPECT_EQ(faults_.told_size("x", 100), 99U);
  EXPECT_EQ(faults_.told_size("y", 100), 16U);
  EXPECT_EQ(faults_.told_data("y"), false);
}

TEST_F(FaultsTest, NonsenseIsRefused) {
  for (const char* text :
       {"", "fail", "fail write", "fail wrote errno=EIO", "fail write errno=ENONSENSE",
        "short read", "lie size", "lie weight bytes=1", "lie seek as=both",
        "fail read errno=EIO at=x", "delay read ms=-1", "short read bytes=1 bytes=2",
        "fail read errno=EIO every=0", "fail read errno=EIO twice", "flip fsync",
        "break read errno=EIO"}) {
    EXPECT_FALSE(parse_rule(text, kOperations)) << text;
  }
}

}  // namespace
}  // namespace libcopyfile::test
