#include "pool.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "testing/private_mounts.h"
#include "testing/scratch_error.h"

namespace libcopyfile::test {
namespace {

using nlohmann::json;

json json_of(const Findings& f) {
  return {{"states", f.states},       {"violations", f.violations},
          {"torn", f.torn},           {"mount_failures", f.mount_failures},
          {"leftovers", f.leftovers}, {"seconds", f.seconds},
          {"examples", f.examples}};
}

Findings findings_of(const json& j) {
  Findings f;
  f.states = j.at("states");
  f.violations = j.at("violations");
  f.torn = j.at("torn");
  f.mount_failures = j.at("mount_failures");
  f.leftovers = j.at("leftovers");
  f.seconds = j.at("seconds");
  f.examples = j.at("examples").get<std::vector<std::string>>();
  return f;
}

Findings carry_out(const PoolJob& job) {
  const Workload workload = make_workload(job.job);
  const Recording recording =
      job.replay.empty() ? record(job.job, workload) : Recording::load(job.job, job.replay);
  Findings findings = Explorer(recording, workload.history, job.explore).run();
  const bool bad = findings.violations > 0 || findings.mount_failures > 0;
  if (bad && !job.save_under.empty()) {
    const std::string directory = job.save_under + "/copyfile-crash-" + job.job.name();
    recording.save(directory);
    findings.examples.push_back(
        "one of them again: COPYFILE_CRASH_REPLAY=" + directory +
        " COPYFILE_CRASH_SEED=" + std::to_string(job.explore.seed) +
        " COPYFILE_CRASH_STATE=WINDOW.NUMBER COPYFILE_CRASH_KEEP=IMAGE test_crash "
        "--gtest_filter=*/" +
        job.job.name());
  }
  return findings;
}

void say(int fd, const json& object) {
  const std::string line = object.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
  for (size_t done = 0; done < line.size();) {
    const ssize_t n = write(fd, line.data() + done, line.size() - done);
    if (n < 0 && errno != EINTR) _exit(1);
    if (n > 0) done += static_cast<size_t>(n);
  }
}

[[noreturn]] void work(const std::vector<PoolJob>& jobs, std::atomic<size_t>& next, int results) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  // The parent's, above all the life line of its mounts, are not ours to keep open.
  dup2(results, 3);
  close_range(4, ~0U, 0);
  results = 3;
  // Nothing that another worker mounts or writes is seen here, and all of it goes with this process.
  enter_private_mounts();
  if (mount("worker", mount_root().c_str(), "tmpfs", 0, "mode=0755") != 0) _exit(1);
  for (size_t i; (i = next++) < jobs.size();) {
    json object{{"job", jobs[i].job.name()}};
    try {
      object["findings"] = json_of(carry_out(jobs[i]));
    } catch (const std::exception& error) {
      object["error"] = error.what();
    }
    say(results, object);
  }
  _exit(0);
}

std::atomic<size_t>& shared_counter() {
  void* const page = mmap(nullptr, sizeof(std::atomic<size_t>), PROT_READ | PROT_WRITE,
                          MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) throw ScratchError::of_errno("share memory");
  return *new (page) std::atomic<size_t>(0);
}

}  // namespace

Pool::Pool(std::vector<PoolJob> jobs) : jobs_(std::move(jobs)) {
  std::atomic<size_t>& next = shared_counter();
  mount_root();  // made here, it is removed with the program; each worker mounts something else there
  for (int i = 0; i < 2; ++i) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) throw ScratchError::of_errno("make a pipe");
    Worker worker{-1, Fd(ends[0]), {}};
    const Fd write_end(ends[1]);
    worker.pid = fork();
    if (worker.pid < 0) throw ScratchError::of_errno("fork");
    if (worker.pid == 0) work(jobs_, next, write_end.get());
    workers_.push_back(std::move(worker));
  }
}

Pool::~Pool() {
  for (const Worker& worker : workers_) {
    // Those that have finished are zombies until now.
    kill(worker.pid, SIGKILL);
    while (waitpid(worker.pid, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
}

const Findings& Pool::result(const std::string& job_name) {
  for (;;) {
    if (const auto found = results_.find(job_name); found != results_.end()) return found->second;
    if (const auto found = errors_.find(job_name); found != errors_.end()) {
      throw ScratchError(found->second);
    }
    read_results();
  }
}

void Pool::read_results() {
  std::vector<pollfd> polls;
  for (const Worker& worker : workers_) polls.push_back({worker.results.get(), POLLIN, 0});
  bool any = false;
  for (const Worker& worker : workers_) any = any || worker.results.valid();
  if (!any) throw ScratchError("the processes that explore have ended without this result");
  if (poll(polls.data(), polls.size(), -1) < 0) return;
  for (size_t i = 0; i < polls.size(); ++i) {
    if (polls[i].revents == 0) continue;
    Worker& worker = workers_[i];
    char buffer[4096];
    const ssize_t n = read(worker.results.get(), buffer, sizeof buffer);
    if (n <= 0) {
      worker.results = Fd();
      continue;
    }
    worker.text.append(buffer, static_cast<size_t>(n));
    for (size_t end; (end = worker.text.find('\n')) != std::string::npos;) {
      take_line(worker.text.substr(0, end));
      worker.text.erase(0, end + 1);
    }
  }
}

void Pool::take_line(const std::string& line) {
  const json object = json::parse(line);
  const std::string name = object.at("job");
  if (object.contains("error")) {
    errors_[name] = object.at("error");
  } else {
    results_[name] = findings_of(object.at("findings"));
  }
}

}  // namespace libcopyfile::test
