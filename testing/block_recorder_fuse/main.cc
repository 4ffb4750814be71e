// block_recorder_fuse: serves two files through FUSE, `image`, a disk image in memory, and `mark`; logs every write, flush
// and deallocation of the image, and what is written to `mark`, in the order in which it is carried out. One thread: the
// order in the log is the order in which requests were completed.
//
// Served as serve_fuse.h says; descriptor 4 is the image, 5 the log (block_log.h).
#include <fcntl.h>
#include <linux/falloc.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "testing/block_log.h"
#include "testing/serve_fuse.h"

namespace libcopyfile::test {
namespace {

constexpr int kImage = 4;
constexpr int kLog = 5;

enum File : uint64_t { kRoot, kImageFile, kMarkFile };

int file_of(const char* path, uint64_t& file) {
  if (std::strcmp(path, "/") == 0) {
    file = kRoot;
  } else if (std::strcmp(path, "/image") == 0) {
    file = kImageFile;
  } else if (std::strcmp(path, "/mark") == 0) {
    file = kMarkFile;
  } else {
    return -ENOENT;
  }
  return 0;
}

int append(BlockOp op, uint64_t offset, uint64_t length, const char* data, size_t size) {
  BlockRecord record{.op = op, .offset = offset, .length = length};
  iovec parts[2] = {{&record, sizeof record}, {const_cast<char*>(data), size}};
  const ssize_t n = writev(kLog, parts, 2);
  return n == static_cast<ssize_t>(sizeof record + size) ? 0 : -EIO;
}

int recorder_getattr(const char* path, struct stat* found, fuse_file_info* info) {
  uint64_t file = info != nullptr ? info->fh : kRoot;
  if (info == nullptr && file_of(path, file) != 0) return -ENOENT;
  std::memset(found, 0, sizeof *found);
  if (file == kImageFile && fstat(kImage, found) != 0) return -errno;
  found->st_mode = file == kRoot ? S_IFDIR | 0700 : S_IFREG | 0600;
  found->st_nlink = 1;
  return 0;
}

int recorder_open(const char* path, fuse_file_info* info) {
  uint64_t file = kRoot;
  if (file_of(path, file) != 0) return -ENOENT;
  info->fh = file;
  info->keep_cache = 1;
  return 0;
}

int recorder_read(const char*, char* buffer, size_t size, off_t offset, fuse_file_info* info) {
  if (info->fh != kImageFile) return 0;
  const ssize_t n = pread(kImage, buffer, size, offset);
  return n < 0 ? -errno : static_cast<int>(n);
}

int recorder_write(const char*, const char* buffer, size_t size, off_t offset,
                   fuse_file_info* info) {
  const BlockOp op = info->fh == kImageFile ? BlockOp::write : BlockOp::mark;
  if (info->fh == kImageFile &&
      pwrite(kImage, buffer, size, offset) != static_cast<ssize_t>(size)) {
    return -EIO;
  }
  const int code = append(op, static_cast<uint64_t>(offset), size, buffer, size);
  return code != 0 ? code : static_cast<int>(size);
}

int recorder_fsync(const char*, int, fuse_file_info* info) {
  return info->fh == kImageFile ? append(BlockOp::flush, 0, 0, nullptr, 0) : 0;
}

int recorder_fallocate(const char*, int mode, off_t offset, off_t length, fuse_file_info* info) {
  if (info->fh != kImageFile) return -EOPNOTSUPP;
  BlockOp op = BlockOp::discard;
  if ((mode & FALLOC_FL_ZERO_RANGE) != 0) {
    op = BlockOp::zero;
  } else if ((mode & FALLOC_FL_PUNCH_HOLE) == 0) {
    return -EOPNOTSUPP;
  }
  // tmpfs has no FALLOC_FL_ZERO_RANGE; a hole is read as zeros just as well.
  if (fallocate(kImage, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, length) != 0) {
    return -errno;
  }
  return append(op, static_cast<uint64_t>(offset), static_cast<uint64_t>(length), nullptr, 0);
}

void* recorder_init(fuse_conn_info* connection, fuse_config* config) {
  // Without the write-back cache every write of the loop device is a request of its own, at once.
  connection->want &= ~static_cast<unsigned>(FUSE_CAP_WRITEBACK_CACHE);
  config->nullpath_ok = 1;
  config->kernel_cache = 1;
  config->attr_timeout = 3600;
  config->entry_timeout = 3600;
  return nullptr;
}

fuse_operations operations() {
  fuse_operations made{};
  made.init = recorder_init;
  made.getattr = recorder_getattr;
  made.open = recorder_open;
  made.read = recorder_read;
  made.write = recorder_write;
  made.fsync = recorder_fsync;
  made.fallocate = recorder_fallocate;
  return made;
}

}  // namespace
}  // namespace libcopyfile::test

int main() {
  libcopyfile::test::serve_fuse("block_recorder_fuse", libcopyfile::test::operations());
}
