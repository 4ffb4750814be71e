#include "swallow_syncs.h"

#include <fcntl.h>
#include <poll.h>
#include <seccomp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "base/fd.h"
#include "testing/scratch_error.h"
#include "testing/text_files.h"

namespace libcopyfile::test {
namespace {

constexpr int kCannot = 126;

// In the child: asks for the filter, says which descriptor its listener is, and becomes the program.
[[noreturn]] void become(int tell, std::vector<char*>& argv, int output) {
  scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
  bool ok = filter != nullptr;
  for (const int call :
       {SCMP_SYS(fsync), SCMP_SYS(fdatasync), SCMP_SYS(syncfs), SCMP_SYS(sync_file_range)}) {
    ok = ok && seccomp_rule_add(filter, SCMP_ACT_NOTIFY, call, 0) == 0;
  }
  ok = ok && seccomp_load(filter) == 0;
  const int listener = ok ? seccomp_notify_fd(filter) : -1;
  if (write(tell, &listener, sizeof listener) != sizeof listener || !ok) _exit(kCannot);
  // The parent has it by the time it lets us go on; ours would keep the listener alive.
  char byte;
  while (read(tell, &byte, 1) < 0 && errno == EINTR) {
  }
  dup2(output, 1);
  dup2(output, 2);
  execv(argv[0], argv.data());
  _exit(kCannot);
}

bool is_directory(pid_t pid, uint64_t fd) {
  struct stat found {};
  const std::string path = "/proc/" + std::to_string(pid) + "/fd/" + std::to_string(fd);
  return stat(path.c_str(), &found) == 0 && S_ISDIR(found.st_mode);
}

class Supervisor {
 public:
  Supervisor(Swallow which, int listener) : which_(which), listener_(listener) {
    if (seccomp_notify_alloc(&request_, &response_) != 0) {
      throw ScratchError("cannot allocate a seccomp notification");
    }
  }
  ~Supervisor() { seccomp_notify_free(request_, response_); }
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  // Until nobody is left under the filter.
  size_t answer_all() {
    for (pollfd p{listener_, POLLIN, 0};;) {
      if (poll(&p, 1, -1) < 0 && errno != EINTR) break;
      if ((p.revents & POLLIN) != 0) {
        answer_one();
      } else if ((p.revents & (POLLHUP | POLLERR)) != 0) {
        break;
      }
    }
    return swallowed_;
  }

 private:
  void answer_one() {
    // The kernel wants it zeroed; and who asked may be gone by now.
    *request_ = seccomp_notif{};
    if (seccomp_notify_receive(listener_, request_) != 0) return;
    const bool of_directory =
        request_->data.nr != SCMP_SYS(syncfs) &&
        is_directory(static_cast<pid_t>(request_->pid), request_->data.args[0]);
    const bool swallow = of_directory == (which_ == Swallow::directories);
    *response_ = seccomp_notif_resp{};
    response_->id = request_->id;
    if (!swallow) response_->flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
    swallowed_ += swallow ? 1 : 0;
    (void)seccomp_notify_respond(listener_, response_);
  }

  Swallow which_;
  int listener_;
  size_t swallowed_ = 0;
  seccomp_notif* request_ = nullptr;
  seccomp_notif_resp* response_ = nullptr;
};

int wait_for(pid_t pid) {
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

Fd listener_of(pid_t child, int tell) {
  int number = -1;
  if (read(tell, &number, sizeof number) != sizeof number || number < 0) {
    throw ScratchError("the kernel does not notify of system calls (seccomp)");
  }
  const Fd process(static_cast<int>(syscall(SYS_pidfd_open, child, 0)));
  Fd listener(static_cast<int>(syscall(SYS_pidfd_getfd, process.get(), number, 0)));
  if (!listener.valid()) throw ScratchError::of_errno("take over a seccomp listener");
  return listener;
}

}  // namespace

Finished run_swallowing(Swallow which, const std::vector<std::string>& argv) {
  int ends[2];
  int output[2];
  // A pair of sockets: one number goes one way, one byte the other.
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    throw ScratchError::of_errno("make a pair of sockets");
  }
  const Fd mine(ends[0]);
  Fd theirs(ends[1]);
  if (pipe2(output, O_CLOEXEC) != 0) throw ScratchError::of_errno("make a pipe");
  const Fd reading(output[0]);
  Fd writing(output[1]);
  std::vector<std::string> words = argv;
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);

  const pid_t child = fork();
  if (child < 0) throw ScratchError::of_errno("fork");
  if (child == 0) become(theirs.get(), pointers, writing.get());
  theirs = Fd();
  writing = Fd();
  Finished done;
  size_t swallowed = 0;
  try {
    const Fd listener = listener_of(child, mine.get());
    if (write(mine.get(), "", 1) != 1) throw ScratchError::of_errno("write to a socket");
    swallowed = Supervisor(which, listener.get()).answer_all();
  } catch (...) {
    kill(child, SIGKILL);
    wait_for(child);
    throw;
  }
  done.exit_code = wait_for(child);
  char buffer[4096];
  for (ssize_t n; (n = read(reading.get(), buffer, sizeof buffer)) > 0;) {
    done.err.append(buffer, static_cast<size_t>(n));
  }
  if (done.ok() && swallowed == 0) throw ScratchError(argv[0] + " synced nothing to be swallowed");
  return done;
}

}  // namespace libcopyfile::test
