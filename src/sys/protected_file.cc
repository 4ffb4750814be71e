#include "sys/protected_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"

namespace libcopyfile {

Result<ProtectedText> read_protected(const std::string& path, size_t most) {
  // Not waiting for somebody to write into a FIFO.
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!fd.valid()) return fail(errno, Op::open, path);
  struct stat found {};
  if (::fstat(fd.get(), &found) != 0) return fail(errno, Op::stat, path);
  ProtectedText made;
  made.protection = {S_ISREG(found.st_mode), (found.st_mode & S_IRWXO) != 0,
                     (found.st_mode & S_IWGRP) != 0, found.st_uid};
  if (!made.protection.regular) return made;
  made.text.resize(most + 1);
  size_t have = 0;
  while (have < made.text.size()) {
    const ssize_t got = ::read(fd.get(), made.text.data() + have, made.text.size() - have);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail(errno, Op::read, path);
    if (got == 0) break;
    have += static_cast<size_t>(got);
  }
  if (have > most) return fail(EFBIG, Op::read, path);
  made.text.resize(have);
  return made;
}

}  // namespace libcopyfile
