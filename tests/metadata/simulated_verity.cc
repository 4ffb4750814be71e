#include "simulated_verity.h"

#include <fcntl.h>
#include <sys/stat.h>

namespace libcopyfile::test {
namespace {

std::pair<uint64_t, uint64_t> key_of(int fd) {
  struct stat now {};
  if (fstat(fd, &now) != 0) return {};
  return {now.st_dev, now.st_ino};
}

bool can_write(int fd) { return (fcntl(fd, F_GETFL) & O_ACCMODE) != O_RDONLY; }

}  // namespace

Done SimulatedVerity::enable_verity(int fd, const Verity& verity) {
  const Verdict verdict = script_.begin("enable_verity", script_.names().get(fd));
  if (verdict.error != 0) return fail(verdict.error, Op::set_attribute);
  if (can_write(fd)) return fail(EBADF, Op::set_attribute);
  for (int other = 0; other < 256; ++other) {
    const bool open = fcntl(other, F_GETFD) >= 0;
    if (open && key_of(other) == key_of(fd) && can_write(other)) {
      return fail(ETXTBSY, Op::set_attribute);
    }
  }
  enabled_[key_of(fd)] = verity;
  return {};
}

Result<Verity> SimulatedVerity::verity(int fd) {
  const auto found = enabled_.find(key_of(fd));
  if (found == enabled_.end()) return fail(ENODATA, Op::get_attribute);
  return found->second;
}

bool SimulatedVerity::has(int fd) const { return enabled_.contains(key_of(fd)); }

Result<FileStat> VerityFiles::stat(int fd) {
  Result<FileStat> now = FaultyFiles::stat(fd);
  if (now && verity_.has(fd)) now->attributes |= kStatVerity;
  return now;
}

}  // namespace libcopyfile::test
