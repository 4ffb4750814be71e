// Operations on open files: transfers, seeking, allocation, syncing.
#include <fcntl.h>
#include <linux/falloc.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>

#include "testing/liar_fuse/open_file.h"
#include "testing/liar_fuse/server.h"

namespace libcopyfile::test {
namespace {

// A special file is read from a copy of its text, taken when it was opened: it may be longer than one read.
int read_special(const OpenFile& file, char* buffer, size_t size, off_t offset) {
  const auto start = std::min(static_cast<size_t>(offset), file.text.size());
  const size_t n = std::min(size, file.text.size() - start);
  std::copy_n(file.text.data() + start, n, buffer);
  return static_cast<int>(n);
}

int seek_lie(bool as_data, const OpenFile& file, off_t offset, int whence, off_t& found) {
  struct stat now {};
  if (fstat(file.fd.get(), &now) != 0) return -errno;
  if (offset >= now.st_size || (whence == SEEK_DATA && !as_data)) return -ENXIO;
  found = whence == SEEK_HOLE && as_data ? now.st_size : offset;
  return 0;
}

const char* allocation_name(int mode) {
  if ((mode & FALLOC_FL_PUNCH_HOLE) != 0) return "punch";
  if ((mode & FALLOC_FL_ZERO_RANGE) != 0) return "zero_range";
  return "allocate";
}

}  // namespace

int liar_read(const char*, char* buffer, size_t size, off_t offset, fuse_file_info* info) {
  const OpenFile& file = open_file(info);
  if (file.special) return read_special(file, buffer, size, offset);
  Call call("read", file.name, static_cast<uint64_t>(offset), size, true);
  if (call.decided()) {
    if (call.outcome() > 0) std::memset(buffer, 0, size);
    return static_cast<int>(call.outcome());
  }
  const ssize_t n = pread(file.fd.get(), buffer, call.allowed(), offset);
  if (n > 0 && call.flips()) buffer[0] ^= 1;
  return static_cast<int>(call.done(n));
}

int liar_write(const char*, const char* buffer, size_t size, off_t offset, fuse_file_info* info) {
  const OpenFile& file = open_file(info);
  if (file.special) {
    const int code = server().control({buffer, size});
    return code < 0 ? code : static_cast<int>(size);
  }
  Call call("write", file.name, static_cast<uint64_t>(offset), size, true);
  if (call.decided()) return static_cast<int>(call.outcome());
  if (size == 0 || !call.flips()) {
    return static_cast<int>(call.done(pwrite(file.fd.get(), buffer, call.allowed(), offset)));
  }
  std::string other(buffer, call.allowed());
  other.front() ^= 1;
  return static_cast<int>(call.done(pwrite(file.fd.get(), other.data(), other.size(), offset)));
}

ssize_t liar_copy_file_range(const char*, fuse_file_info* in, off_t in_offset, const char*,
                             fuse_file_info* out, off_t out_offset, size_t size, int flags) {
  const OpenFile& from = open_file(in);
  Call call("copy_file_range", from.name, static_cast<uint64_t>(in_offset), size, true);
  if (call.decided()) return call.outcome();
  return call.done(copy_file_range(from.fd.get(), &in_offset, open_file(out).fd.get(), &out_offset,
                                   call.allowed(), static_cast<unsigned>(flags)));
}

off_t liar_lseek(const char*, off_t offset, int whence, fuse_file_info* info) {
  const OpenFile& file = open_file(info);
  Call call(whence == SEEK_DATA ? "seek_data" : "seek_hole", file.name,
            static_cast<uint64_t>(offset));
  if (call.decided()) return call.outcome();
  if (const std::optional<bool> as_data = server().faults.told_data(file.name)) {
    off_t found = 0;
    const int code = seek_lie(*as_data, file, offset, whence, found);
    if (code < 0) errno = -code;
    return call.done(code < 0 ? -1 : found);
  }
  return call.done(lseek(file.fd.get(), offset, whence));
}

int liar_fallocate(const char*, int mode, off_t offset, off_t length, fuse_file_info* info) {
  const OpenFile& file = open_file(info);
  Call call(allocation_name(mode), file.name, static_cast<uint64_t>(offset),
            static_cast<uint64_t>(length));
  if (call.decided()) return static_cast<int>(call.outcome());
  return static_cast<int>(call.done(fallocate(file.fd.get(), mode, offset, length)));
}

int liar_fsync(const char*, int data_only, fuse_file_info* info) {
  const OpenFile& file = open_file(info);
  Call call("fsync", file.name);
  if (call.decided()) return static_cast<int>(call.outcome());
  return static_cast<int>(
      call.done(data_only != 0 ? fdatasync(file.fd.get()) : fsync(file.fd.get())));
}

int liar_flush(const char*, fuse_file_info* info) {
  const OpenFile& file = open_file(info);
  if (file.special) return 0;
  Call call("flush", file.name);
  return call.decided() ? static_cast<int>(call.outcome()) : 0;
}

}  // namespace libcopyfile::test
