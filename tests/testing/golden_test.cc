// Golden files are compared exactly, and written only on request.
#include "testing/golden.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "testing/scratch_fs.h"

namespace libcopyfile::test {
namespace {

TEST(Golden, IsWrittenOnRequestAndComparedExactly) {
  const std::string path = test_directory(FsKind::tmpfs) + "/x";
  EXPECT_FALSE(matches_golden(path, "a\n"));
  ASSERT_EQ(setenv("COPYFILE_UPDATE_GOLDEN", "1", 1), 0);
  EXPECT_TRUE(matches_golden(path, "a\nb\n"));
  ASSERT_EQ(unsetenv("COPYFILE_UPDATE_GOLDEN"), 0);
  EXPECT_TRUE(matches_golden(path, "a\nb\n"));
  EXPECT_FALSE(matches_golden(path, "a\nb"));
  const std::string message = matches_golden(path, "a\nc\n").message();
  EXPECT_EQ(message.find(path + ":2: should be 'b', is 'c'"), 0U) << message;
}

}  // namespace
}  // namespace libcopyfile::test
