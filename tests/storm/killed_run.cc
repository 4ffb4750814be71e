#include "killed_run.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "base/fd.h"
#include "testing/islands.h"
#include "testing/places.h"
#include "testing/scratch_error.h"

namespace libcopyfile::test {
namespace {

using Clock = std::chrono::steady_clock;

pid_t start(const std::vector<std::string>& argv) {
  std::vector<std::string> words = argv;
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  for (const int fd : {1, 2}) {
    posix_spawn_file_actions_addopen(&actions, fd, "/dev/null", O_WRONLY, 0);
  }
  pid_t pid = -1;
  const int code = posix_spawnp(&pid, pointers[0], &actions, nullptr, pointers.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (code != 0) throw ScratchError::of_errno("start " + argv[0], code);
  return pid;
}

void wait_until_ended(const Fd& process, std::chrono::nanoseconds left) {
  if (left.count() <= 0) return;
  const timespec limit{static_cast<time_t>(left.count() / 1'000'000'000),
                       static_cast<long>(left.count() % 1'000'000'000)};
  pollfd wait{process.get(), POLLIN, 0};
  ppoll(&wait, 1, &limit, nullptr);
}

}  // namespace

KilledRun run_and_kill(const std::vector<std::string>& argv, std::chrono::nanoseconds after) {
  // Timers may be late by 50 microseconds otherwise, a good part of a short copy.
  prctl(PR_SET_TIMERSLACK, 1);
  const Clock::time_point begin = Clock::now();
  const pid_t pid = start(argv);
  const Fd process(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
  if (!process.valid()) throw ScratchError::of_errno("open a process");
  wait_until_ended(process, after - (Clock::now() - begin));
  kill(pid, SIGKILL);
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  KilledRun run;
  run.took = Clock::now() - begin;
  run.killed = WIFSIGNALED(status);
  run.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return run;
}

std::chrono::nanoseconds time_of(const std::vector<std::string>& argv, int runs) {
  std::vector<std::chrono::nanoseconds> times;
  for (int i = 0; i < runs; ++i) {
    const KilledRun run = run_and_kill(argv, std::chrono::minutes(1));
    if (run.exit_code != 0) throw ScratchError(argv[0] + " failed");
    times.push_back(run.took);
  }
  std::nth_element(times.begin(), times.begin() + runs / 2, times.end());
  return times[static_cast<size_t>(runs / 2)];
}

std::chrono::nanoseconds random_moment(std::chrono::nanoseconds idle,
                                       std::chrono::nanoseconds longest, std::mt19937_64& random) {
  using std::chrono::nanoseconds;
  const auto even = [&](nanoseconds below) {
    return nanoseconds(static_cast<int64_t>(choose(random, static_cast<uint64_t>(below.count()))));
  };
  if (choose(random, 4) == 0) return even(idle);
  return idle + even(std::max(longest - idle, longest / 8) * 4 / 3);
}

void KillTally::add(const KillTally& other) {
  early += other.early;
  inside += other.inside;
  late += other.late;
}

void expect_kills_everywhere(const KillTally& tally) {
  constexpr size_t kMany = 1000;
  if (tally.all() < kMany) {
    EXPECT_GT(tally.early + tally.inside, 0U) << "nothing was killed";
    return;
  }
  EXPECT_GE(tally.early, tally.all() / 20);
  EXPECT_GE(tally.inside, tally.all() / 10);
  EXPECT_GE(tally.late, tally.all() / 20);
}

KillTally kill_copies(const KilledCopies& storm, size_t copies, std::mt19937_64& random) {
  constexpr size_t kRuns = 5;
  const std::chrono::nanoseconds idle = time_of({places::kCommand, "--version"}, kRuns);
  std::chrono::nanoseconds longest{0};
  for (size_t i = 0; i < kRuns; ++i) {
    storm.clear();
    longest = std::max(longest, time_of(storm.command(i % 2), 1));
  }
  KillTally tally;
  for (size_t i = 0; i < copies && !testing::Test::HasFailure(); ++i) {
    storm.clear();
    const std::chrono::nanoseconds after = random_moment(idle, longest, random);
    const KilledRun run = run_and_kill(storm.command(i % 2), after);
    storm.check(run, i % 2);
    tally.late += run.killed ? 0 : 1;
    tally.early += run.killed && after < idle ? 1 : 0;
    tally.inside += run.killed && after >= idle ? 1 : 0;
  }
  return tally;
}

}  // namespace libcopyfile::test
