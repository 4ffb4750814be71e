#include "copyfile/missing_names.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "sys/kernel_names.h"

namespace libcopyfile::app {
namespace {

namespace fs = std::filesystem;

TEST(MissingNames, AreTheListedOnesThatCanNotBeReached) {
  std::string name = ::testing::TempDir() + "copyfile-names-XXXXXX";
  const fs::path directory = ::mkdtemp(name.data());
  const auto file = [&](const char* path) { std::ofstream(directory / path) << ""; };
  fs::create_directories(directory / "s/d/e");
  file("s/d/f");
  file("s/d/e/g");
  file("s/plain");
  fs::create_directory_symlink("d", directory / "s/link");
  fs::create_symlink("nowhere", directory / "s/dangling");
  const std::string source = directory / "s";
  const auto list =
      NameList::parse(".\nd\nd/f\nd/e/g\nd/e/nope\nd/no/g\nplain/x\nlink\nlink/f\ndangling\nd.x\n",
                      EndsIn::newline, false);
  ASSERT_TRUE(list);
  KernelNames names;
  std::vector<std::pair<std::string, int>> found;
  for (const MissingName& m : missing_names(names, source, *list)) {
    found.emplace_back(m.path.substr(source.size()), m.code);
  }
  const std::vector<std::pair<std::string, int>> expected{{"/d/e/nope", ENOENT},
                                                          {"/d/no/g", ENOENT},
                                                          {"/d.x", ENOENT},
                                                          {"/link/f", ENOTDIR},
                                                          {"/plain/x", ENOTDIR}};
  EXPECT_EQ(found, expected);
  fs::remove_all(directory);
}

}  // namespace
}  // namespace libcopyfile::app
