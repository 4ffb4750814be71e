#include "testing/golden.h"

#include <cstdlib>
#include <fstream>
#include <sstream>

namespace libcopyfile::test {
namespace {

::testing::AssertionResult first_difference(const std::string& path, const std::string& want,
                                            const std::string& got) {
  std::istringstream wanted(want);
  std::istringstream found(got);
  for (int number = 1;; ++number) {
    std::string a;
    std::string b;
    const bool more_wanted = static_cast<bool>(std::getline(wanted, a));
    const bool more_found = static_cast<bool>(std::getline(found, b));
    if (more_wanted && more_found && a == b) continue;
    return ::testing::AssertionFailure()
           << path << ":" << number << ": should be " << (more_wanted ? "'" + a + "'" : "the end")
           << ", is " << (more_found ? "'" + b + "'" : "the end") << "; all of it:\n"
           << got;
  }
}

}  // namespace

::testing::AssertionResult matches_golden(const std::string& path, const std::string& text) {
  if (std::getenv("COPYFILE_UPDATE_GOLDEN") != nullptr) {
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    file << text;
    file.close();
    if (!file) return ::testing::AssertionFailure() << "cannot write " << path;
    return ::testing::AssertionSuccess();
  }
  std::ifstream file(path, std::ios::binary);
  if (!file)
    return ::testing::AssertionFailure()
           << "cannot read " << path << "; run with COPYFILE_UPDATE_GOLDEN=1 to make it:\n"
           << text;
  const std::string want{std::istreambuf_iterator<char>(file), {}};
  if (want == text) return ::testing::AssertionSuccess();
  return first_difference(path, want, text);
}

}  // namespace libcopyfile::test
