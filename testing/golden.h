// Golden files: what a program or a plan said once, read by a person and kept beside the test.
#pragma once

#include <gtest/gtest.h>

#include <string>

namespace libcopyfile::test {

// EXPECT_TRUE(matches_golden(std::string(places::kTests) + "/plan/golden/sparse.txt", text)): the file holds exactly this text. Else names
// the first line that differs. With COPYFILE_UPDATE_GOLDEN=1 in the environment the file is written instead: read the diff before
// committing it.
::testing::AssertionResult matches_golden(const std::string& path, const std::string& text);

}  // namespace libcopyfile::test
