// What is shown of a long copy of a tree, on a terminal and to programs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "command.h"

namespace libcopyfile::test {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

// 24 files of 64 KiB, copied at 1.5 MiB/s: a second.
constexpr const char* kSlowly = "-aT --reflink=never --limit-rate=1536K s t";

class ProgressCommand : public testing::Test {
 protected:
  const Command copyfile_ = Command::in_test_directory();

  void SetUp() override {
    const Finished made = copyfile_.shell(
        "mkdir -p s/d && for i in $(seq 24); do head -c 65536 /dev/zero | tr '\\0' x >s/d/$i; "
        "done");
    ASSERT_TRUE(made.ok()) << made.err;
  }
};

TEST_F(ProgressCommand, OnATerminalIsALineThatGoesAway) {
  const Finished f = copyfile_.shell(
      std::string("script -qec \"stty cols 80; $COPYFILE --progress ") + kSlowly + "\" /dev/null");
  ASSERT_TRUE(f.ok()) << f.err << f.out;
  EXPECT_THAT(f.out, HasSubstr(" of 24 files  "));
  EXPECT_THAT(f.out, HasSubstr(" left  s/d/"));
  EXPECT_THAT(f.out, EndsWith("\r\033[K"));
  // Nor does it come and go with each file.
  EXPECT_THAT(f.out, Not(HasSubstr("\r\033[K\r\033[K")));
  std::stringstream text(f.out);
  for (std::string line; std::getline(text, line, '\r');) {
    EXPECT_LE(line.size(), 79 + std::string("\033[K").size()) << line;
  }
}

TEST_F(ProgressCommand, AMessageIsNotInTheMiddleOfALine) {
  const Finished f = copyfile_.shell(
      "mkdir -p t/d/24/x;"
      "script -qec \"$COPYFILE -aT --progress --reflink=never --limit-rate=1536K s t\" /dev/null");
  EXPECT_THAT(f.out, HasSubstr(" left  s/d/"));
  const size_t message = f.out.find("copyfile: cannot overwrite directory 't/d/24'");
  ASSERT_NE(message, std::string::npos) << f.out;
  // Nothing is before it on its line, or not any more.
  const std::string before = f.out.substr(0, message);
  EXPECT_TRUE(before.empty() || before.ends_with('\n') || before.ends_with("\r\033[K")) << f.out;
}

TEST_F(ProgressCommand, IsALogElsewhereAndOnlyWhenAskedFor) {
  const Finished asked = copyfile_.shell(std::string("$COPYFILE --progress ") + kSlowly);
  ASSERT_TRUE(asked.ok()) << asked.err;
  EXPECT_THAT(asked.err, HasSubstr("1.5M of 1.5M  100%  24 of 24 files"));
  EXPECT_THAT(asked.err, Not(HasSubstr("\033")));
  EXPECT_EQ(copyfile_.shell("$COPYFILE -aT s u").err, "");
}

TEST_F(ProgressCommand, IsEventsForPrograms) {
  const Finished f = copyfile_.shell(std::string("$COPYFILE --json --progress ") + kSlowly);
  ASSERT_TRUE(f.ok()) << f.err;
  EXPECT_EQ(f.err, "");
  std::vector<nlohmann::json> events;
  std::stringstream text(f.out);
  for (std::string line; std::getline(text, line);) {
    nlohmann::json event = nlohmann::json::parse(line);
    if (event["event"] == "progress") events.push_back(std::move(event));
  }
  ASSERT_GE(events.size(), 2U);
  EXPECT_LT(events.front()["files_done"], 24);
  EXPECT_EQ(events.back()["files_done"], 24);
  EXPECT_EQ(events.back()["files_total"], 24);
  EXPECT_EQ(events.back()["bytes_total"], 24 * 65536);
}

}  // namespace
}  // namespace libcopyfile::test
