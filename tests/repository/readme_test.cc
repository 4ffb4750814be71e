// What the README shows of the repository is what happens.
#include <gtest/gtest.h>

#include <sstream>

#include "kit.h"
#include "testing/places.h"
#include "testing/scratch_fs.h"
#include "testing/text_files.h"

namespace libcopyfile::test {
namespace {

// The block of the README that begins so, up to the end of the block.
std::string example(const std::string& beginning) {
  const std::string text = read_text(std::string(places::kTests) + "/../README.md");
  const size_t begin = text.find("```\n" + beginning);
  if (begin == std::string::npos) return {};
  return text.substr(begin + 4, text.find("```", begin + 4) - begin - 4);
}

TEST(Readme, TheWorkedExampleOfTheRepositoryIsTrue) {
  const std::string wanted = example("$ copyfile store init repo");
  ASSERT_FALSE(wanted.empty());
  const std::string directory = test_directory(FsKind::xfs);
  write_text(directory + "/debian.iso", std::string(1 << 20, '\0'));
  RunOptions options;
  options.directory = directory;
  ASSERT_TRUE(run({"sh", "-c", "sha256sum debian.iso > SHA256SUMS"}, options).ok());
  std::string shown;
  std::istringstream lines(wanted);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("$ copyfile ")) continue;
    const Finished done =
        run({"sh", "-c", std::string(places::kCommand) + line.substr(10)}, options);
    EXPECT_EQ(done.err, "") << line;
    shown += line + "\n" + done.out;
  }
  EXPECT_EQ(shown, wanted);
}

}  // namespace
}  // namespace libcopyfile::test
