#include "sys/lock_file.h"

#include <sys/file.h>

#include "sys/system_info.h"

namespace libcopyfile {
namespace {

constexpr double kPause = 0.002;

}  // namespace

Done lock_file(int fd, LockMode mode, double seconds) {
  const int operation = mode == LockMode::shared ? LOCK_SH : LOCK_EX;
  const double end = monotonic_seconds() + seconds;
  for (;;) {
    if (::flock(fd, seconds < 0 ? operation : operation | LOCK_NB) == 0) return {};
    if (errno == EINTR) continue;
    if (errno != EWOULDBLOCK || monotonic_seconds() >= end) return fail(errno, Op::open);
    sleep_seconds(kPause);
  }
}

void unlock_file(int fd) { (void)::flock(fd, LOCK_UN); }

Result<HeldLock> HeldLock::take(int fd, LockMode mode, double seconds) {
  if (Done ok = lock_file(fd, mode, seconds); !ok) return fail(ok.error());
  return HeldLock(fd);
}

HeldLock::~HeldLock() {
  if (fd_ >= 0) unlock_file(fd_);
}

}  // namespace libcopyfile
