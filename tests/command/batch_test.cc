// Several files at once, and the sweep of what is left of them.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>

#include "command.h"

namespace libcopyfile::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kLeft = ".copyfile-0123456789abcdef.part";

class ManyFiles : public testing::TestWithParam<FsKind> {
 protected:
  ManyFiles() : copyfile_(Command::in_test_directory(GetParam())) {
    std::filesystem::create_directory(copyfile_.path("d"));
    std::filesystem::create_directory(copyfile_.path("from"));
  }
  void make(int files) {
    for (int i = 0; i < files; ++i) {
      copyfile_.write("from/f" + std::to_string(1000 + i),
                      pattern(static_cast<size_t>(i) * 37, 1 + i % 7));
    }
  }
  void expect_all(int files) {
    int there = 0;
    for (const auto& entry : std::filesystem::directory_iterator(copyfile_.path("d"))) {
      const std::string name = entry.path().filename();
      EXPECT_EQ(copyfile_.read("d/" + name), copyfile_.read("from/" + name)) << name;
      ++there;
    }
    EXPECT_EQ(there, files);
  }
  Command copyfile_;
};
INSTANTIATE_TEST_SUITE_P(Fs, ManyFiles, testing::ValuesIn(kAllFs),
                         [](const auto& test) { return std::string(name_of(test.param)); });

TEST_P(ManyFiles, AreAllThereAndNothingElseIs) {
  make(300);
  for (const char* durability : {"none", "ordered", "durable"}) {
    for (const char* sync : {"auto", "files", "filesystem"}) {
      const Finished f = copyfile_.shell(std::string("$COPYFILE --sync=") + sync +
                                         " --durability=" + durability + " from/* d");
      EXPECT_EQ(f.exit_code, 0) << f.err;
      expect_all(300);
      if (std::string(sync) != "files") std::filesystem::remove_all(copyfile_.path("d"));
      std::filesystem::create_directory(copyfile_.path("d"));
    }
  }
}

TEST_P(ManyFiles, NeedFewDescriptorsIfThereAreFew) {
  make(200);
  const Finished f = copyfile_.shell("ulimit -n 24; $COPYFILE from/* d");
  EXPECT_EQ(f.exit_code, 0) << f.err;
  expect_all(200);
}

TEST(ManyFilesReport, SaysWhatMadeThemStable) {
  const Command copyfile = Command::in_test_directory();
  std::filesystem::create_directory(copyfile.path("d"));
  for (int i = 0; i < 10; ++i) copyfile.write("f" + std::to_string(i), "x");
  const auto synced_by = [&](const std::string& script) {
    const Finished f = copyfile.shell("$COPYFILE --json " + script);
    EXPECT_EQ(f.exit_code, 0) << f.err;
    std::string all;
    std::istringstream lines(f.out);
    for (std::string line; std::getline(lines, line);) {
      const std::string by = nlohmann::json::parse(line)["synced_by"];
      if (all.find(by) == std::string::npos) all += (all.empty() ? "" : ", ") + by;
    }
    return all;
  };
  EXPECT_EQ(synced_by("f* d"), "file system");
  EXPECT_EQ(synced_by("--sync=files f* d"), "file");
  EXPECT_EQ(synced_by("f1 f2 d"), "file");
  EXPECT_EQ(synced_by("f1 d/x"), "file");
  EXPECT_EQ(synced_by("--durability=none f* d"), "nothing");
}

TEST(ManyFilesReport, OneThatFailsTakesNoOtherAlong) {
  const Command copyfile = Command::in_test_directory();
  std::filesystem::create_directory(copyfile.path("d"));
  std::filesystem::create_directory(copyfile.path("d/b"));
  for (const char* name : {"a", "b", "c"}) copyfile.write(name, name);
  const Finished f = copyfile({"-v", "a", "b", "nowhere", "c", "d"});
  EXPECT_EQ(f.exit_code, 1);
  EXPECT_THAT(f.err, HasSubstr("cannot overwrite directory 'd/b' with non-directory"));
  EXPECT_THAT(f.err, HasSubstr("cannot stat 'nowhere': No such file or directory"));
  EXPECT_EQ(f.out, "'a' -> 'd/a'\n'c' -> 'd/c'\n");
  EXPECT_EQ(copyfile.read("d/a") + copyfile.read("d/c"), "ac");
}

TEST(ManyFilesReport, NoClobberLeavesWhatIsThere) {
  const Command copyfile = Command::in_test_directory();
  std::filesystem::create_directory(copyfile.path("d"));
  copyfile.write("d/a", "old");
  copyfile.write("a", "new");
  copyfile.write("b", "new");
  EXPECT_EQ(copyfile({"-n", "a", "b", "d"}).exit_code, 0);
  EXPECT_EQ(copyfile.read("d/a") + copyfile.read("d/b"), "oldnew");
}

TEST(ManyFilesReport, InterruptedThoseWithoutANameAreGone) {
  const Command copyfile = Command::in_test_directory();
  std::filesystem::create_directory(copyfile.path("d"));
  copyfile.write("a", "x");
  copyfile.write("b", "x");
  copyfile.write("large", pattern(1 << 20));
  const Finished f = copyfile.shell(
      "timeout --foreground -s INT 0.5 $COPYFILE --reflink=never --limit-rate=100K a b large d");
  EXPECT_NE(f.exit_code, 0);
  EXPECT_THAT(f.err, HasSubstr("interrupted: 'd/large' was not created"));
  EXPECT_THAT(
      f.err,
      HasSubstr("interrupted: 2 more files were copied and had no name yet; they are not created"));
  EXPECT_TRUE(std::filesystem::is_empty(copyfile.path("d")));
}

// --- sweep ---

TEST(SweepCommand, RemovesWhatWasLeftQuietly) {
  const Command copyfile = Command::in_test_directory();
  copyfile.write("file", "x");
  copyfile.write(kLeft, "half");
  const Finished f = copyfile({"sweep", "."});
  EXPECT_EQ(f.exit_code, 0);
  EXPECT_EQ(f.out + f.err, "");
  EXPECT_THAT(copyfile.names(), ElementsAre("file"));
}

TEST(SweepCommand, DryRunNamesIt) {
  const Command copyfile = Command::in_test_directory();
  std::filesystem::create_directory(copyfile.path("d"));
  copyfile.write(std::string("d/") + kLeft, "half");
  EXPECT_EQ(copyfile({"sweep", "--dry-run", "."}).out, "");
  const Finished f = copyfile({"sweep", "-r", "--dry-run", "."});
  EXPECT_EQ(f.exit_code, 0);
  EXPECT_EQ(f.out, std::string("would remove './d/") + kLeft + "'\n");
  EXPECT_TRUE(copyfile.exists(std::string("d/") + kLeft));
}

TEST(SweepCommand, TellsPrograms) {
  const Command copyfile = Command::in_test_directory();
  copyfile.write(kLeft, "half");
  const nlohmann::json line = nlohmann::json::parse(copyfile({"sweep", "--json", "."}).out);
  EXPECT_EQ(line["event"], "removed");
  EXPECT_EQ(line["path"], std::string("./") + kLeft);
  EXPECT_EQ(line["size"], 4);
}

TEST(SweepCommand, LeavesWhatIsInUse) {
  const Command copyfile = Command::in_test_directory();
  copyfile.write(kLeft, "half");
  const Finished f = copyfile.shell(std::string("flock ") + kLeft + " $COPYFILE sweep -v .");
  EXPECT_EQ(f.exit_code, 0);
  EXPECT_EQ(f.out, std::string("in use: './") + kLeft + "'\nremoved 0 files, 1 in use\n");
  EXPECT_TRUE(copyfile.exists(kLeft));
}

TEST(SweepCommand, SaysWhatItCannotDo) {
  const Command copyfile = Command::in_test_directory();
  copyfile.write("file", "x");
  EXPECT_EQ(copyfile({"sweep"}).exit_code, 2);
  EXPECT_EQ(copyfile({"sweep", "--reflink", "."}).exit_code, 2);
  Finished f = copyfile({"sweep", "file", "nowhere"});
  EXPECT_EQ(f.exit_code, 1);
  EXPECT_THAT(f.err, HasSubstr("copyfile: cannot open 'file': Not a directory"));
  EXPECT_THAT(f.err, HasSubstr("copyfile: cannot open 'nowhere': No such file or directory"));
}

}  // namespace
}  // namespace libcopyfile::test
