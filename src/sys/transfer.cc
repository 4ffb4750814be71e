#include "sys/transfer.h"

namespace libcopyfile {
namespace {

uint64_t advanced(uint64_t offset, size_t done) {
  return offset == kStream ? kStream : offset + done;
}

}  // namespace

Result<size_t> read_full(Files& files, int fd, std::span<std::byte> buffer, uint64_t offset,
                         Cache cache, size_t* got) {
  size_t own = 0;
  size_t& done = got != nullptr ? *got : own;
  done = 0;
  while (done < buffer.size()) {
    const Result<size_t> n = retry_interrupted(
        [&] { return files.read(fd, buffer.subspan(done), advanced(offset, done), cache); });
    if (!n) return n;
    if (*n == 0) break;
    done += *n;
  }
  return done;
}

Done write_all(Files& files, int fd, std::span<const std::byte> data, uint64_t offset,
               size_t* written, Cache cache) {
  *written = 0;
  while (*written < data.size()) {
    const Result<size_t> n = retry_interrupted(
        [&] { return files.write(fd, data.subspan(*written), advanced(offset, *written), cache); });
    if (!n) return fail(n.error());
    if (*n == 0) return fail(EIO, Op::write, Range{offset, offset});
    *written += *n;
  }
  return {};
}

}  // namespace libcopyfile
