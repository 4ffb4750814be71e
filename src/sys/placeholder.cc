#include "sys/placeholder.h"

#include <fcntl.h>
#include <sys/mman.h>

namespace libcopyfile {

Result<Fd> make_placeholder() {
  Fd fd(::memfd_create("copyfile-unit", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!fd.valid()) return fail(errno, Op::open);
  constexpr int kSeals = F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL;
  if (::fcntl(fd.get(), F_ADD_SEALS, kSeals) != 0) return fail(errno, Op::open);
  return fd;
}

Result<Fd> duplicate(int fd) {
  const int other = ::fcntl(fd, F_DUPFD_CLOEXEC, 0);
  if (other < 0) return fail(errno, Op::open);
  return Fd(other);
}

}  // namespace libcopyfile
