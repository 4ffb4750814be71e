// Runs a program and waits for it: for mkfs, and for tests of commands.
#pragma once

#include <chrono>
#include <string>
#include <vector>

namespace libcopyfile::test {

struct RunOptions {
  std::string input;                     // standard input; then end of file
  std::string directory;                 // working directory; empty: ours
  std::vector<std::string> environment;  // "NAME=value", added to ours
  std::chrono::seconds limit{120};       // killed with SIGKILL after this
};

struct Finished {
  int exit_code = -1;  // 128 + the signal where a signal ended it
  bool timed_out = false;
  std::string out;
  std::string err;

  bool ok() const { return exit_code == 0; }
};

// `argv[0]` is looked up in PATH. A program that cannot be started has exit code 127 and a reason in `err`.
Finished run(const std::vector<std::string>& argv, const RunOptions& options = {});

}  // namespace libcopyfile::test
