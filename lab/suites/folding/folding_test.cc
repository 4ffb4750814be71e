// Trees into a destination in which two names of the source are one: the second is refused, and nothing is mixed or lost.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "lab/support/workplace.h"
#include "testing/scratch_fs.h"
#include "testing/text_files.h"

namespace libcopyfile::test {
namespace {

class Folding : public ::testing::Test {
 protected:
  Folding() {
    shell("mkdir " + place_.path("to") + " && chattr +F " + place_.path("to"));
    shell("mkdir " + place_.path("from"));
  }
  std::string from(const std::string& name) const { return place_.path("from/" + name); }
  std::string to(const std::string& name) const { return place_.path("to/" + name); }
  // All ways in which a tree is copied.
  static std::vector<std::vector<std::string>> ways() {
    return {{"-a"}, {"-a", "--in-place"}, {"-a", "--jobs=1"}, {"-a", "--durability=none"}};
  }
  Finished copy(std::vector<std::string> way, const std::string& name) const {
    way.insert(way.begin(), "copyfile");
    way.insert(way.end(), {"-T", "from", "to/" + name});
    return place_.run(way);
  }
  static void expect_second_is_refused(const Finished& done) {
    EXPECT_EQ(done.exit_code, 1);
    EXPECT_NE(done.err, "");
    EXPECT_EQ(std::count(done.err.begin(), done.err.end(), '\n'), 1) << done.err;
  }

  ScratchFs fs_ = ScratchFs::ext4({.mkfs = {"-O", "casefold", "-E", "encoding=utf8"}});
  Workplace place_{fs_.path(), fs_.path()};
};

// The control: the directory folds, and the other one does not.
TEST_F(Folding, TheDirectoryFolds) {
  write_text(to("name"), "text");
  EXPECT_EQ(read_text(to("NAME")), "text");
  write_text(from("name"), "text");
  EXPECT_NE(access(from("NAME").c_str(), F_OK), 0);
}

TEST_F(Folding, OfTwoFilesTheSecondIsRefused) {
  write_text(from("name"), "one or the other");
  write_text(from("NAME"), "one or the other");
  int number = 0;
  for (const bool there : {false, true}) {
    for (const auto& way : ways()) {
      const std::string name = "copy" + std::to_string(++number);
      if (there) mkdir(to(name).c_str(), 0755);
      expect_second_is_refused(copy(way, name));
      EXPECT_EQ(names_in(to(name)).size(), 1U) << name;
      EXPECT_EQ(read_text(to(name) + "/name"), "one or the other");
    }
  }
}

TEST_F(Folding, TwoDirectoriesAreNotMixed) {
  shell("cd " + place_.path("from") +
        " && mkdir sub Sub && echo s >sub/small && echo l >Sub/large");
  int number = 0;
  for (const bool there : {false, true}) {
    for (const auto& way : ways()) {
      const std::string name = "copy" + std::to_string(++number);
      if (there) mkdir(to(name).c_str(), 0755);
      expect_second_is_refused(copy(way, name));
      EXPECT_EQ(names_in(to(name)).size(), 1U) << name;
      EXPECT_EQ(names_in(to(name) + "/sub").size(), 1U) << name;
    }
  }
}

// Folding is not only that of ASCII.
TEST_F(Folding, NorLettersOfOtherAlphabets) {
  write_text(from("gr\xc3\xbc\xc3\x9f"
                  "e"),
             "small");
  write_text(from("GR\xc3\x9c\xc3\x9f"
                  "E"),
             "large");
  expect_second_is_refused(copy({"-a"}, "copy"));
  EXPECT_EQ(names_in(to("copy")).size(), 1U);
}

TEST_F(Folding, WhatIsThereIsReplacedUnderItsName) {
  shell("mkdir " + to("copy"));
  write_text(to("copy/NAME"), "old");
  write_text(from("name"), "new");
  const Finished done = copy({"-a"}, "copy");
  EXPECT_TRUE(done.ok()) << done.err;
  EXPECT_EQ(read_text(to("copy/name")), "new");
  EXPECT_EQ(names_in(to("copy")).size(), 1U);
}

TEST_F(Folding, OtherNamesAreNotInTheWay) {
  shell("cd " + place_.path("from") +
        " && mkdir -p a/b && echo 1 >a/b/x && echo 2 >y && ln -s y l && ln y z");
  for (int i = 0; i < 2; ++i) {
    const Finished done = copy({"-a"}, "copy");
    EXPECT_TRUE(done.ok()) << done.err;
    EXPECT_EQ(shell("cd " + place_.path("from") + " && find . | sort && cat y a/b/x"),
              shell("cd " + to("copy") + " && find . | sort && cat y a/b/x"));
  }
}

}  // namespace
}  // namespace libcopyfile::test
