// What the command says and how it ends, where users know cp's words.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

#include "testing/places.h"
#include "testing/process.h"

namespace libcopyfile::test {
namespace {

namespace fs = std::filesystem;

class CommandMessages : public ::testing::Test {
 protected:
  CommandMessages() {
    std::string name = ::testing::TempDir() + "copyfile-messages-XXXXXX";
    directory_ = ::mkdtemp(name.data());
    write("a", "hello");
    write("b", "other");
    fs::create_directory(directory_ / "d");
  }
  ~CommandMessages() override { fs::remove_all(directory_); }

  void write(const std::string& name, const std::string& text) const {
    std::ofstream(directory_ / name) << text;
  }
  Finished copyfile(std::vector<std::string> arguments, const std::string& input = {}) const {
    arguments.insert(arguments.begin(), places::kCommand);
    RunOptions options;
    options.directory = directory_;
    options.input = input;
    return run(arguments, options);
  }
  void expect_failure(std::vector<std::string> arguments, const std::string& message,
                      int exit_code = 1) const {
    const Finished done = copyfile(std::move(arguments));
    EXPECT_EQ(done.exit_code, exit_code);
    EXPECT_EQ(done.err, "copyfile: " + message + "\n");
  }

  fs::path directory_;
};

TEST_F(CommandMessages, NamedWithASlashButMissingIsNoDirectory) {
  expect_failure({"a", "new/"}, "cannot create regular file 'new/': Not a directory");
}

TEST_F(CommandMessages, FileNamedWithASlashIsNoDirectory) {
  expect_failure({"a", "b/"}, "cannot stat 'b/': Not a directory");
}

TEST_F(CommandMessages, TargetOfSeveralMustBeADirectory) {
  expect_failure({"a", "b", "missing"}, "target 'missing': No such file or directory");
  expect_failure({"-t", "b", "a"}, "target directory 'b': Not a directory");
}

TEST_F(CommandMessages, SourceNamedTwiceIsCopiedOnceWithAWarning) {
  const Finished done = copyfile({"-v", "a", "./a", "d"});
  EXPECT_EQ(done.exit_code, 0);
  EXPECT_EQ(done.out, "'a' -> 'd/a'\n");
  EXPECT_EQ(done.err, "copyfile: warning: source file './a' specified more than once\n");
}

TEST_F(CommandMessages, OtherSourceOfTheSameNameIsRefused) {
  fs::create_directory(directory_ / "e");
  write("e/a", "another");
  expect_failure({"a", "e/a", "d"}, "will not overwrite just-created 'd/a' with 'e/a'");
}

TEST_F(CommandMessages, RefusedOffloadSaysWhy) {
  expect_failure({"--offload=always", "--reflink=never", "a", "new"},
                 "cannot copy 'a' to 'new' without its bytes passing through memory (it might "
                 "share extents): Operation not supported");
  EXPECT_FALSE(fs::exists(directory_ / "new"));
}

TEST_F(CommandMessages, HintNamesTheSubcommand) {
  expect_failure({"range", "a", "b"},
                 "missing ranges\nTry 'copyfile range --help' for more information.", 2);
  expect_failure({"map"}, "missing file operand\nTry 'copyfile map --help' for more information.",
                 2);
  expect_failure({"probe", "-v", "a", "b"},
                 "option '-v' does not go with this command\n"
                 "Try 'copyfile probe --help' for more information.",
                 2);
}

TEST_F(CommandMessages, RangeFailureIsOneJsonObjectWithItsMessage) {
  const Finished done = copyfile({"range", "--json", "missing", "b", "0:0:1"});
  EXPECT_EQ(done.exit_code, 1);
  EXPECT_EQ(done.out, R"({"event":"failed","source":"missing","destination":"b","error":"ENOENT",)"
                      R"("message":"cannot open 'missing' for reading: No such file or directory"})"
                      "\n");
}

// Whether the child has become the command and waits for something.
bool waits(pid_t child) {
  const fs::path proc = "/proc/" + std::to_string(child);
  std::error_code ignored;
  if (fs::read_symlink(proc / "exe", ignored) != fs::canonical(places::kCommand)) return false;
  std::string stat;
  std::getline(std::ifstream(proc / "stat"), stat);
  return stat.find(") S ") != std::string::npos;
}

// Starts the command, waits until it sleeps in the kernel, sends SIGTERM; its exit as of wait(2).
int terminated(const fs::path& directory, std::vector<std::string> arguments, int input = -1) {
  arguments.insert(arguments.begin(), places::kCommand);
  const pid_t child = ::fork();
  if (child == 0) {
    std::vector<char*> argv;
    for (std::string& a : arguments) argv.push_back(a.data());
    argv.push_back(nullptr);
    if (::chdir(directory.c_str()) != 0) ::_exit(99);
    if (input >= 0) ::dup2(input, 0);
    ::dup2(::open("err", O_WRONLY | O_CREAT | O_TRUNC, 0600), 2);
    ::execv(argv[0], argv.data());
    ::_exit(98);
  }
  for (int seen = 0, i = 0; seen < 3 && i < 600; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    seen = waits(child) ? seen + 1 : 0;
  }
  ::kill(child, SIGTERM);
  for (int i = 0; i < 200; ++i) {
    int status = 0;
    if (::waitpid(child, &status, WNOHANG) == child) return status;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  ::kill(child, SIGKILL);
  int status = 0;
  ::waitpid(child, &status, 0);
  return status;
}

TEST_F(CommandMessages, InterruptedWhileAFifoIsWaitedFor) {
  ASSERT_EQ(::mkfifo((directory_ / "fifo").c_str(), 0600), 0);
  for (const std::vector<std::string>& arguments : {std::vector<std::string>{"fifo", "new"},
                                                    {"a", "fifo"},
                                                    {"range", "fifo", "new", "0:0:1"}}) {
    SCOPED_TRACE(arguments.front());
    const int status = terminated(directory_, arguments);
    EXPECT_TRUE(WIFSIGNALED(status));
    EXPECT_EQ(WTERMSIG(status), SIGTERM);
    EXPECT_FALSE(fs::exists(directory_ / "new"));
    std::string line;
    std::getline(std::ifstream(directory_ / "err"), line);
    EXPECT_TRUE(line.starts_with("copyfile: interrupted: ")) << line;
  }
}

TEST_F(CommandMessages, InterruptedWhileAListOfRangesIsWaitedFor) {
  std::array<int, 2> pipe{};
  ASSERT_EQ(::pipe2(pipe.data(), O_CLOEXEC), 0);
  const int status = terminated(directory_, {"range", "--ranges=-", "a", "new"}, pipe[0]);
  EXPECT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(WTERMSIG(status), SIGTERM);
  EXPECT_FALSE(fs::exists(directory_ / "new"));
  ::close(pipe[0]);
  ::close(pipe[1]);
}

}  // namespace
}  // namespace libcopyfile::test
