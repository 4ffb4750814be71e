#include "testing/process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/fd.h"
#include "testing/scratch_error.h"

namespace libcopyfile::test {
namespace {

using Clock = std::chrono::steady_clock;

struct Pipe {
  Fd read_end;
  Fd write_end;
};

Pipe make_pipe() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) throw ScratchError::of_errno("make a pipe");
  return {Fd(ends[0]), Fd(ends[1])};
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> result;
  result.reserve(strings.size() + 1);
  for (std::string& s : strings) result.push_back(s.data());
  result.push_back(nullptr);
  return result;
}

std::vector<std::string> environment_with(const std::vector<std::string>& added) {
  std::vector<std::string> result = added;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view name(*entry, std::strcspn(*entry, "=") + 1);
    bool replaced = false;
    for (const std::string& a : added) replaced = replaced || a.starts_with(name);
    if (!replaced) result.emplace_back(*entry);
  }
  return result;
}

// Feeds and drains the three pipes until the program has closed its outputs or the time is over.
class Exchange {
 public:
  Exchange(Pipe& in, Pipe& out, Pipe& err, const RunOptions& options, Finished& result)
      : in_(in), out_(out), err_(err), input_(options.input), result_(result) {
    end_ = Clock::now() + options.limit;
    fcntl(in_.write_end.get(), F_SETFL, O_NONBLOCK);
    if (input_.empty()) in_.write_end = Fd();
  }

  bool complete() {
    while (out_.read_end.valid() || err_.read_end.valid()) {
      const auto left =
          std::chrono::duration_cast<std::chrono::milliseconds>(end_ - Clock::now()).count();
      if (left <= 0) return false;
      pollfd fds[3] = {{out_.read_end.get(), POLLIN, 0},
                       {err_.read_end.get(), POLLIN, 0},
                       {in_.write_end.get(), POLLOUT, 0}};
      if (poll(fds, 3, static_cast<int>(left)) < 0 && errno != EINTR) return false;
      if (fds[0].revents != 0) drain(out_.read_end, result_.out);
      if (fds[1].revents != 0) drain(err_.read_end, result_.err);
      if (fds[2].revents != 0) feed();
    }
    return true;
  }

 private:
  static void drain(Fd& fd, std::string& into) {
    char buffer[65536];
    const ssize_t n = read(fd.get(), buffer, sizeof buffer);
    if (n > 0) {
      into.append(buffer, static_cast<size_t>(n));
    } else if (n == 0 || errno != EINTR) {
      fd = Fd();
    }
  }

  void feed() {
    const ssize_t n = write(in_.write_end.get(), input_.data() + fed_, input_.size() - fed_);
    if (n > 0) fed_ += static_cast<size_t>(n);
    const bool broken = n < 0 && errno != EINTR && errno != EAGAIN;
    if (broken || fed_ == input_.size()) in_.write_end = Fd();
  }

  Pipe& in_;
  Pipe& out_;
  Pipe& err_;
  const std::string& input_;
  size_t fed_ = 0;
  Finished& result_;
  Clock::time_point end_;
};

int wait_for(pid_t pid) {
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace

Finished run(const std::vector<std::string>& argv, const RunOptions& options) {
  Pipe in = make_pipe();
  Pipe out = make_pipe();
  Pipe err = make_pipe();
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in.read_end.get(), 0);
  posix_spawn_file_actions_adddup2(&actions, out.write_end.get(), 1);
  posix_spawn_file_actions_adddup2(&actions, err.write_end.get(), 2);
  if (!options.directory.empty())
    posix_spawn_file_actions_addchdir_np(&actions, options.directory.c_str());
  std::vector<std::string> words = argv;
  std::vector<std::string> environment = environment_with(options.environment);
  pid_t pid = -1;
  const int code = posix_spawnp(&pid, words[0].c_str(), &actions, nullptr, pointers(words).data(),
                                pointers(environment).data());
  posix_spawn_file_actions_destroy(&actions);
  Finished result;
  if (code != 0) {
    result.exit_code = 127;
    result.err = "cannot run " + words[0] + ": " + std::strerror(code);
    return result;
  }
  in.read_end = Fd();
  out.write_end = Fd();
  err.write_end = Fd();
  // A program that does not read its input must not end us.
  struct sigaction ignore {};
  struct sigaction before {};
  ignore.sa_handler = SIG_IGN;
  sigaction(SIGPIPE, &ignore, &before);
  if (!Exchange(in, out, err, options, result).complete()) {
    result.timed_out = true;
    kill(pid, SIGKILL);
  }
  sigaction(SIGPIPE, &before, nullptr);
  result.exit_code = wait_for(pid);
  return result;
}

}  // namespace libcopyfile::test
