#include "base/fd.h"

#include <unistd.h>

namespace libcopyfile {

Done Fd::close() {
  const int fd = std::exchange(fd_, -1);
  if (fd < 0) return {};
  if (::close(fd) != 0 && errno != EINTR) return fail(errno, Op::write);
  return {};
}

void Fd::reset() noexcept {
  if (fd_ < 0) return;
  const int saved = errno;
  ::close(std::exchange(fd_, -1));
  errno = saved;
}

}  // namespace libcopyfile
