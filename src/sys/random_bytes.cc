#include "sys/random_bytes.h"

#include <sys/random.h>

namespace libcopyfile {

Done fill_random(std::span<uint8_t> bytes) {
  while (!bytes.empty()) {
    const ssize_t got = ::getrandom(bytes.data(), bytes.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return fail(got < 0 ? errno : EIO, Op::read, std::string("random numbers"));
    bytes = bytes.subspan(static_cast<size_t>(got));
  }
  return {};
}

}  // namespace libcopyfile
