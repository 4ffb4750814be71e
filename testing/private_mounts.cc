#include "testing/private_mounts.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <mutex>

#include "base/fd.h"
#include "testing/scratch_error.h"

namespace libcopyfile::test {
namespace {

struct State {
  std::mutex mutex;
  bool entered = false;
  int enter_error = 0;
  std::string root;
  Fd life;     // the guardian reads the other end; its end of file is our end
  Fd cleaned;  // reads end of file when the guardian has finished
};

State& state() {
  // Never destroyed: exit handlers of tests may still look at it.
  static State& only = *new State;
  return only;
}

// Runs in a process of its own session, so that neither Ctrl-C nor a kill of the process group takes it along. Only
// async-signal-safe calls: the program that forked it may have threads.
[[noreturn]] void guard(const char* root, int life, int cleaned) {
  prctl(PR_SET_NAME, "scratch-guard");
  for (int s = 1; s < NSIG; ++s) signal(s, SIG_IGN);
  const int null = open("/dev/null", O_RDWR);
  dup2(life, 0);
  dup2(cleaned, 1);
  dup2(null, 2);
  // Above all the pipes of the test runner, which would otherwise wait for us.
  close_range(3, ~0U, 0);
  if (chdir("/") != 0) _exit(1);
  char byte = 0;
  while (read(0, &byte, 1) > 0) {
  }
  // Lazy, and with everything mounted below: busy mounts go when their last user does.
  umount2(root, MNT_DETACH);
  rmdir(root);
  _exit(0);
}

void start_guardian(State& s) {
  int life[2];
  int cleaned[2];
  if (pipe2(life, O_CLOEXEC) != 0) throw ScratchError::of_errno("make a pipe");
  Fd life_read(life[0]);
  s.life = Fd(life[1]);
  if (pipe2(cleaned, O_CLOEXEC) != 0) throw ScratchError::of_errno("make a pipe");
  s.cleaned = Fd(cleaned[0]);
  Fd cleaned_write(cleaned[1]);
  const pid_t child = fork();
  if (child < 0) throw ScratchError::of_errno("fork the guardian");
  if (child == 0) {
    setsid();
    // Forked twice, so that no wait() of a test ever sees it.
    if (fork() == 0) guard(s.root.c_str(), life_read.get(), cleaned_write.get());
    _exit(0);
  }
  while (waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
  }
}

std::string make_root_directory() {
  const char* tmp = std::getenv("TMPDIR");
  std::string name =
      std::string(tmp != nullptr && *tmp != '\0' ? tmp : "/tmp") + "/copyfile-scratch.XXXXXX";
  if (mkdtemp(name.data()) == nullptr) throw ScratchError::of_errno("make the directory " + name);
  return name;
}

}  // namespace

void enter_private_mounts() {
  State& s = state();
  const std::lock_guard lock(s.mutex);
  if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
    s.enter_error = errno;
    return;
  }
  s.entered = true;
}

const std::string& mount_root() {
  State& s = state();
  const std::lock_guard lock(s.mutex);
  if (!s.root.empty()) return s.root;
  if (s.enter_error != 0)
    throw ScratchError::of_errno("make a private mount namespace", s.enter_error);
  if (!s.entered) throw ScratchError("enter_private_mounts() was not called by main()");
  const std::string root = make_root_directory();
  if (mount("scratch", root.c_str(), "tmpfs", 0, "mode=0755") != 0) {
    const int code = errno;
    rmdir(root.c_str());
    throw ScratchError::of_errno("mount a tmpfs on " + root, code);
  }
  s.root = root;
  start_guardian(s);
  return s.root;
}

void leave_private_mounts() {
  State& s = state();
  const std::lock_guard lock(s.mutex);
  if (s.root.empty()) return;
  s.life = Fd();
  char byte = 0;
  while (read(s.cleaned.get(), &byte, 1) > 0) {
  }
  s.cleaned = Fd();
  s.root.clear();
}

}  // namespace libcopyfile::test
