// A program, and SIGKILL at a given moment after it was started.
#pragma once

#include <chrono>
#include <functional>
#include <random>
#include <string>
#include <vector>

namespace libcopyfile::test {

struct KilledRun {
  bool killed = false;  // else it was faster
  int exit_code = -1;
  std::chrono::nanoseconds took{0};
};

// Its output goes nowhere. Throws ScratchError where it cannot be started.
KilledRun run_and_kill(const std::vector<std::string>& argv, std::chrono::nanoseconds after);
// How long it takes when nobody kills it: the median of so many runs. Throws ScratchError where it fails.
std::chrono::nanoseconds time_of(const std::vector<std::string>& argv, int runs);

// A moment to kill a program that starts within `idle` and ends within `longest`: a quarter while it starts, the rest evenly from
// then to a little more than it takes, so that some are let live.
std::chrono::nanoseconds random_moment(std::chrono::nanoseconds idle,
                                       std::chrono::nanoseconds longest, std::mt19937_64& random);

// Where the kills hit.
struct KillTally {
  size_t early = 0;   // before an idle run of the command would have ended
  size_t inside = 0;  // later
  size_t late = 0;    // it had ended

  size_t all() const { return early + inside + late; }
  void add(const KillTally& other);
};

// Of many copies each moment got its share. Where a few hundred or less hit is up to chance, and to what else the machine does.
void expect_kills_everywhere(const KillTally& tally);

// Copies of two versions in turns, each killed at a random moment.
struct KilledCopies {
  std::function<void()> clear;  // before each
  std::function<std::vector<std::string>(size_t version)> command;
  std::function<void(const KilledRun&, size_t version)> check;  // after each; ends where it failed
};
KillTally kill_copies(const KilledCopies& storm, size_t copies, std::mt19937_64& random);

}  // namespace libcopyfile::test
