#include "copyfile/map_command.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <pty.h>
#include <stdio_ext.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "testing/islands.h"
#include "testing/scratch_fs.h"

namespace libcopyfile::app {
namespace {

using test::FsKind;
using test::layout_of;
using test::make_file;

struct Outcome {
  int status = -1;
  std::string out, err;
};

Outcome map(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "map");
  std::vector<char*> argv;
  for (std::string& a : arguments) argv.push_back(a.data());
  argv.push_back(nullptr);
  Outcome outcome;
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  outcome.status = map_command(static_cast<int>(arguments.size()), argv.data());
  outcome.out = testing::internal::GetCapturedStdout();
  outcome.err = testing::internal::GetCapturedStderr();
  return outcome;
}

std::string contents(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

class MapCommand : public testing::Test {
 protected:
  void SetUp() override { setenv("LC_ALL", "C", 1); }

  std::string path(std::string_view name) const { return directory_ + "/" + std::string(name); }
  std::string file(std::string_view name, const std::string& layout) const {
    const Fd fd = make_file(path(name), layout_of(layout), 1);
    EXPECT_EQ(::fsync(fd.get()), 0);
    return path(name);
  }

 private:
  std::string directory_ = test::test_directory(FsKind::xfs);
};

TEST_F(MapCommand, DrawsFilesAndALegend) {
  const std::string one = file("one", "data 64K, hole 64K, unwritten 64K, data 64K");
  const std::string two = file("two", "data 64K");
  const Outcome o = map({"--width=10", one, two});
  EXPECT_EQ(o.status, 0);
  EXPECT_EQ(o.err, "");
  EXPECT_EQ(o.out,
            one +
                "\n[##..pp##]\nsize 256K (262144 bytes), 192K on disk in 3 extents; a cell is 32K\n"
                "data 128K (50%); preallocated 64K (25%); holes 64K (25%); shared 0\n\n" +
                two +
                "\n[########]\nsize 64K (65536 bytes), 64K on disk in 1 extent; a cell is 8.0K\n"
                "data 64K (100%); preallocated 0; holes 0; shared 0\n\n"
                "# data  s shared  p preallocated  . hole  + half hole  : hole with some data\n");
}

TEST_F(MapCommand, UsesTheSignsOfTheLocale) {
  const std::string one = file("one", "data 64K, hole 64K");
  setenv("LC_ALL", "C.UTF-8", 1);
  EXPECT_NE(map({"--width", "6", one}).out.find("[██··]"), std::string::npos);
}

TEST_F(MapCommand, RefusesWhatIsNoRegularFile) {
  const std::string pipe = path("pipe");
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_EQ(map({path("")}).err,
            "copyfile: '" + path("") + "' is a directory, not a regular file\n");
  EXPECT_EQ(
      map({pipe}).err,
      "copyfile: '" + pipe + "' is a pipe, a socket or a character device, not a regular file\n");
  EXPECT_EQ(map({"/dev/null"}).status, 1);
  const std::string& device = test::shared_fs(FsKind::xfs).device();
  EXPECT_EQ(map({device}).err,
            "copyfile: '" + device + "' is a block device, not a regular file\n");
}

TEST_F(MapCommand, GoesOnAfterAFileThatCannotBeMapped) {
  const std::string good = file("good", "data 64K");
  const Outcome o = map({path("missing"), good, path("no\nname")});
  EXPECT_EQ(o.status, 1);
  EXPECT_TRUE(o.out.starts_with(good + "\n[#"));
  EXPECT_EQ(o.err, "copyfile: cannot stat '" + path("missing") +
                       "': No such file or directory\n"
                       "copyfile: cannot stat '" +
                       path("no") + "'$'\\n''name': No such file or directory\n");
}

TEST_F(MapCommand, FollowsLinksAndQuotesNames) {
  const std::string odd = file("an odd\tname", "data 64K");
  ASSERT_EQ(::symlink(odd.c_str(), path("link").c_str()), 0);
  const Outcome o = map({path("link"), odd});
  EXPECT_EQ(o.status, 0);
  EXPECT_TRUE(o.out.starts_with(path("link") + "\n[#"));
  EXPECT_NE(o.out.find("\n'" + path("an odd") + "'$'\\t''name'\n"), std::string::npos) << o.out;
}

TEST_F(MapCommand, PrintsOneJsonObjectALine) {
  const std::string one = file("one", "data 64K, hole 64K");
  const std::string two = file("two", "unwritten 64K");
  const Outcome o = map({"--json", one, path("missing"), two});
  EXPECT_EQ(o.status, 1);
  std::istringstream lines(o.out);
  std::vector<nlohmann::json> files;
  for (std::string line; std::getline(lines, line);) files.push_back(nlohmann::json::parse(line));
  ASSERT_EQ(files.size(), 2U);
  EXPECT_EQ(files[0]["file"], one);
  EXPECT_EQ(files[0]["extents"][0]["kind"], "data");
  EXPECT_EQ(files[0]["extents"][1]["start"], 65536);
  EXPECT_EQ(files[1]["extents"][0]["kind"], "preallocated");
}

TEST_F(MapCommand, WritesAPictureWhole) {
  const std::string one = file("one", "data 64K, hole 64K");
  const std::string svg = path("picture.svg");
  ::umask(027);
  const Outcome o = map({"--svg", svg, one});
  EXPECT_EQ(o.status, 0);
  EXPECT_EQ(o.out, "");
  EXPECT_EQ(o.err, "");
  const std::string picture = contents(svg);
  EXPECT_TRUE(picture.starts_with("<?xml"));
  EXPECT_TRUE(picture.ends_with("</svg>\n"));
  struct ::stat made {};
  ASSERT_EQ(::stat(svg.c_str(), &made), 0);
  EXPECT_EQ(made.st_mode & 07777U, 0640U);

  // Again, over the old one, whose permissions stay; a picture of nothing replaces nothing.
  ASSERT_EQ(::chmod(svg.c_str(), 0604), 0);
  std::ofstream(svg) << "old";
  EXPECT_EQ(map({"--svg=" + svg, path("missing")}).status, 1);
  EXPECT_EQ(contents(svg), "old");
  EXPECT_EQ(map({"--svg=" + svg, one}).status, 0);
  EXPECT_EQ(contents(svg), picture);
  ASSERT_EQ(::stat(svg.c_str(), &made), 0);
  EXPECT_EQ(made.st_mode & 07777U, 0604U);
  ::umask(022);

  EXPECT_EQ(map({"--svg=-", one}).out, picture);
  const Outcome nowhere = map({"--svg", path("no/where.svg"), one});
  EXPECT_EQ(nowhere.status, 1);
  EXPECT_TRUE(nowhere.err.ends_with("where.svg': No such file or directory\n")) << nowhere.err;
  const Outcome full = map({"--svg", "/dev/full", one});
  EXPECT_EQ(full.status, 1);
  EXPECT_EQ(full.err, "copyfile: cannot write '/dev/full': No space left on device\n");
}

TEST_F(MapCommand, PictureAndJsonTogether) {
  const std::string one = file("one", "data 64K");
  const std::string svg = path("picture.svg");
  const Outcome o = map({"--json", "--svg", svg, one});
  EXPECT_EQ(o.status, 0);
  EXPECT_EQ(nlohmann::json::parse(o.out)["file"], one);
  EXPECT_TRUE(contents(svg).ends_with("</svg>\n"));
}

TEST_F(MapCommand, WrongUsageIsStatus2) {
  for (const std::vector<std::string>& arguments : {std::vector<std::string>{},
                                                    {"--bogus", "x"},
                                                    {"--width", "2", "x"},
                                                    {"--width", "wide", "x"},
                                                    {"--svg"},
                                                    {"--json", "--svg=-", "x"}}) {
    const Outcome o = map(arguments);
    EXPECT_EQ(o.status, 2);
    EXPECT_EQ(o.out, "");
    EXPECT_TRUE(o.err.starts_with("copyfile: ")) << o.err;
    EXPECT_TRUE(o.err.ends_with("\nTry 'copyfile map --help' for more information.\n")) << o.err;
  }
  EXPECT_EQ(map({}).err,
            "copyfile: missing file operand\nTry 'copyfile map --help' for more information.\n");
}

TEST_F(MapCommand, NamesOptionsThatItDoesNotKnow) {
  EXPECT_EQ(
      map({"--bogus", "x"}).err,
      "copyfile: unrecognized option '--bogus'\nTry 'copyfile map --help' for more information.\n");
  EXPECT_EQ(map({"--width=2", "x"}).err,
            "copyfile: invalid width '2': it is a number from 3 to 10000\n"
            "Try 'copyfile map --help' for more information.\n");
}

// As with GNU programs: options may follow files, until "--".
TEST_F(MapCommand, TakesOptionsAnywhere) {
  const std::string one = file("one", "data 64K");
  EXPECT_EQ(map({one, "--width=4"}).status, 0);
  EXPECT_EQ(map({"--", "--json"}).err,
            "copyfile: cannot stat '--json': No such file or directory\n");
}

TEST_F(MapCommand, Helps) {
  const Outcome o = map({"--help"});
  EXPECT_EQ(o.status, 0);
  EXPECT_TRUE(o.out.starts_with("Usage: copyfile map "));
  std::istringstream lines(o.out);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 80U) << line;
}

// Runs `use` with standard output as `fd`.
template <class Use>
auto with_standard_output(int fd, Use use) {
  const int kept = ::dup(STDOUT_FILENO);
  fd < 0 ? ::close(STDOUT_FILENO) : ::dup2(fd, STDOUT_FILENO);
  auto result = use();
  // What could not be written must not turn up later, nor the error.
  ::__fpurge(stdout);
  std::clearerr(stdout);
  ::dup2(kept, STDOUT_FILENO);
  ::close(kept);
  return result;
}

int plain_map(std::string file, bool json) {
  std::string name = "map";
  std::string option = "--json";
  std::vector<char*> argv{name.data(), file.data()};
  if (json) argv.push_back(option.data());
  argv.push_back(nullptr);
  return map_command(static_cast<int>(argv.size()) - 1, argv.data());
}

TEST_F(MapCommand, TellsThatItsOutputIsLost) {
  const std::string one = file("one", "data 64K");
  const Fd full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
  for (const bool json : {false, true}) {
    testing::internal::CaptureStderr();
    EXPECT_EQ(with_standard_output(full.get(), [&] { return plain_map(one, json); }), 1);
    EXPECT_EQ(testing::internal::GetCapturedStderr(),
              "copyfile: write error: No space left on device\n");
    testing::internal::CaptureStderr();
    EXPECT_EQ(with_standard_output(-1, [&] { return plain_map(one, json); }), 1);
    EXPECT_EQ(testing::internal::GetCapturedStderr(),
              "copyfile: write error: Bad file descriptor\n");
  }
}

// The output of map on a terminal that is `columns` wide.
std::string on_terminal(const std::string& file, unsigned short columns) {
  const winsize size{24, columns, 0, 0};
  int master = -1;
  int slave = -1;
  EXPECT_EQ(::openpty(&master, &slave, nullptr, nullptr, &size), 0);
  const Fd reader(master);
  const Fd writer(slave);
  EXPECT_EQ(with_standard_output(slave, [&] { return plain_map(file, false); }), 0);
  std::array<char, 4096> text{};
  const ssize_t n = ::read(master, text.data(), text.size());
  return {text.data(), static_cast<size_t>(std::max<ssize_t>(n, 0))};
}

TEST_F(MapCommand, FillsAndColoursATerminal) {
  const std::string one = file("one", "data 64K, hole 64K");
  setenv("TERM", "xterm", 1);
  unsetenv("NO_COLOR");
  EXPECT_NE(on_terminal(one, 12).find("[\033[32m#####\033[0m\033[2m.....\033[0m]"),
            std::string::npos);
  setenv("NO_COLOR", "1", 1);
  EXPECT_NE(on_terminal(one, 8).find("[###...]"), std::string::npos);
  unsetenv("NO_COLOR");
  setenv("TERM", "dumb", 1);
  EXPECT_NE(on_terminal(one, 8).find("[###...]"), std::string::npos);
  EXPECT_EQ(map({"--width=8", one}).out.find('\033'), std::string::npos);
}

}  // namespace
}  // namespace libcopyfile::app
