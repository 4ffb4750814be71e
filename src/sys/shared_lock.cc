#include "sys/shared_lock.h"

#include <sys/file.h>

namespace libcopyfile {

Done lock_shared(int fd) {
  if (::flock(fd, LOCK_SH | LOCK_NB) != 0) return fail(errno, Op::open);
  return {};
}

}  // namespace libcopyfile
