#include "testing/child.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "testing/scratch_error.h"

namespace libcopyfile::test {

Child::Child(const std::function<int()>& body) : pid_(fork()) {
  if (pid_ < 0) throw ScratchError::of_errno("fork");
  if (pid_ == 0) _exit(body());
}

Child::Child(Child&& other) noexcept : pid_(std::exchange(other.pid_, -1)) {}

Child::~Child() { wait(); }

int Child::wait() {
  if (pid_ < 0) return -1;
  int status = 0;
  while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace libcopyfile::test
