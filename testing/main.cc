// The main function of every test program. Its last line is "N passed, N failed" (and ", N skipped"), which ./check
// adds up; a program in which no test ran has proved nothing, so it fails.
// What tests mount is seen by nobody else and is gone when the program is, in whatever way it ends.

#include <gtest/gtest.h>

#include <cstdio>

#include "testing/private_mounts.h"
#include "testing/scratch_fs.h"

namespace {

class Names final : public testing::EmptyTestEventListener {
  void OnTestEnd(const testing::TestInfo& test) override {
    if (!test.result()->Skipped()) return;
    std::string reason;
    for (int i = 0; i < test.result()->total_part_count(); ++i) {
      const testing::TestPartResult& part = test.result()->GetTestPartResult(i);
      if (part.skipped()) reason = part.message();
    }
    std::printf("skipped: %s.%s: %s\n", test.test_suite_name(), test.name(), reason.c_str());
  }
};

}  // namespace

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  testing::UnitTest& unit = *testing::UnitTest::GetInstance();
  unit.listeners().Append(new Names);  // gtest owns it
  const bool listing = testing::GTEST_FLAG(list_tests);
  if (!listing) libcopyfile::test::enter_private_mounts();
  const int status = RUN_ALL_TESTS();
  if (listing) return status;
  libcopyfile::test::drop_shared_fs();
  libcopyfile::test::leave_private_mounts();

  const int passed = unit.successful_test_count();
  const int failed = unit.failed_test_count();
  const int skipped = unit.skipped_test_count();
  std::printf("%d passed, %d failed", passed, failed);
  if (skipped > 0) std::printf(", %d skipped", skipped);
  std::printf("\n");
  return passed + failed == 0 ? 1 : status;
}
