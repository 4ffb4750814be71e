#include "sys/kernel_files.h"

#include <fcntl.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstring>
#include <new>

#include "sys/io_queue.h"
#include "sys/server_copy.h"
#include "sys/statx.h"

namespace libcopyfile {
namespace {

constexpr int kRwfDontCache = 0x80;  // 6.14; not in Debian 12's headers
constexpr long kSysCachestat = 451;  // 6.5; the same number on every architecture

Result<size_t> counted(ssize_t n, Op op, Range range) {
  if (n < 0) return fail(errno, op, range);
  return static_cast<size_t>(n);
}

Done outcome(long rc, Op op, Range range = {}) {
  if (rc != 0) return fail(errno, op, range);
  return {};
}

int transfer_flags(Cache cache) {
  switch (cache) {
    case Cache::keep: break;
    case Cache::drop: return kRwfDontCache;
    case Cache::resident: return RWF_NOWAIT;
    case Cache::through: return RWF_DSYNC;
  }
  return 0;
}

off_t signed_offset(uint64_t offset) { return static_cast<off_t>(offset); }

}  // namespace

Result<FileStat> KernelFiles::stat(int fd) { return stat_name(fd, "", AT_EMPTY_PATH); }

Result<FsInfo> KernelFiles::fs_info(int fd) {
  struct ::statfs st {};
  if (::fstatfs(fd, &st) != 0) return fail(errno, Op::stat);
  return FsInfo{static_cast<uint64_t>(static_cast<uint32_t>(st.f_type)),
                static_cast<uint64_t>(st.f_bsize)};
}

ServerCopies KernelFiles::server_copies(int fd) {
  const Result<FileStat> stat = this->stat(fd);
  return stat ? ask_server_copies(stat->device) : ServerCopies{};
}

Result<uint64_t> KernelFiles::device_size(int fd) {
  uint64_t bytes = 0;
  if (::ioctl(fd, BLKGETSIZE64, &bytes) != 0) return fail(errno, Op::stat);
  return bytes;
}

Result<Access> KernelFiles::access(int fd) {
  const int flags = ::fcntl(fd, F_GETFL);
  if (flags < 0) return fail(errno, Op::stat);
  Access access;
  if ((flags & O_PATH) != 0) return access;
  const int mode = flags & O_ACCMODE;
  access.read = mode != O_WRONLY;
  access.write = mode != O_RDONLY;
  access.append = (flags & O_APPEND) != 0;
  return access;
}

Result<size_t> KernelFiles::read(int fd, std::span<std::byte> buffer, uint64_t offset,
                                 Cache cache) {
  if (offset == kStream) return counted(::read(fd, buffer.data(), buffer.size()), Op::read, {});
  const Range range{offset, offset + buffer.size()};
  if (cache == Cache::keep) {
    return counted(::pread(fd, buffer.data(), buffer.size(), signed_offset(offset)), Op::read,
                   range);
  }
  const iovec io{buffer.data(), buffer.size()};
  return counted(::preadv2(fd, &io, 1, signed_offset(offset), transfer_flags(cache)), Op::read,
                 range);
}

Result<size_t> KernelFiles::write(int fd, std::span<const std::byte> data, uint64_t offset,
                                  Cache cache) {
  if (offset == kStream) return counted(::write(fd, data.data(), data.size()), Op::write, {});
  const Range range{offset, offset + data.size()};
  if (cache == Cache::keep) {
    return counted(::pwrite(fd, data.data(), data.size(), signed_offset(offset)), Op::write, range);
  }
  const iovec io{const_cast<std::byte*>(data.data()), data.size()};
  return counted(::pwritev2(fd, &io, 1, signed_offset(offset), transfer_flags(cache)), Op::write,
                 range);
}

Result<size_t> KernelFiles::copy_range(int in, int out, const CopyRange& range) {
  loff_t in_offset = signed_offset(range.in);
  loff_t out_offset = signed_offset(range.out);
  return counted(::syscall(SYS_copy_file_range, in, &in_offset, out, &out_offset, range.length, 0U),
                 Op::copy_range, range.source());
}

Done KernelFiles::clone(int in, int out) { return outcome(::ioctl(out, FICLONE, in), Op::clone); }

Done KernelFiles::clone_range(int in, int out, const CopyRange& range) {
  file_clone_range request{};
  request.src_fd = in;
  request.src_offset = range.in;
  request.src_length = range.length;
  request.dest_offset = range.out;
  return outcome(::ioctl(out, FICLONERANGE, &request), Op::clone, range.source());
}

Result<uint64_t> KernelFiles::seek(int fd, uint64_t offset, Seek what) {
  const off_t found =
      ::lseek(fd, signed_offset(offset), what == Seek::data ? SEEK_DATA : SEEK_HOLE);
  if (found < 0) return fail(errno, Op::seek, Range{offset, offset});
  return static_cast<uint64_t>(found);
}

Result<size_t> KernelFiles::extents(int fd, Range range, bool sync, std::span<RawExtent> store) {
  constexpr size_t kMax = 256;  // 14 KiB of stack
  alignas(fiemap) std::array<std::byte, sizeof(fiemap) + kMax * sizeof(fiemap_extent)> space{};
  auto* map = new (space.data()) fiemap{};
  map->fm_start = range.begin;
  map->fm_length = range.length();
  map->fm_flags = sync ? FIEMAP_FLAG_SYNC : 0;
  map->fm_extent_count = static_cast<uint32_t>(std::min(kMax, store.size()));
  if (::ioctl(fd, FS_IOC_FIEMAP, map) != 0) return fail(errno, Op::map_extents, range);
  const size_t count = std::min<size_t>(map->fm_mapped_extents, map->fm_extent_count);
  const std::byte* list = space.data() + sizeof(fiemap);
  for (size_t i = 0; i < count; ++i) {
    fiemap_extent e;
    std::memcpy(&e, list + i * sizeof e, sizeof e);
    RawExtent& x = store[i];
    // A hostile file system may answer anything: the sum is clipped, never wrapped.
    const uint64_t length = std::min<uint64_t>(e.fe_length, UINT64_MAX - e.fe_logical);
    x.logical = {e.fe_logical, e.fe_logical + length};
    x.physical = e.fe_physical;
    x.unwritten = (e.fe_flags & FIEMAP_EXTENT_UNWRITTEN) != 0;
    x.shared = (e.fe_flags & FIEMAP_EXTENT_SHARED) != 0;
    x.delayed = (e.fe_flags & FIEMAP_EXTENT_DELALLOC) != 0;
    x.encoded = (e.fe_flags & FIEMAP_EXTENT_ENCODED) != 0;
    x.last = (e.fe_flags & FIEMAP_EXTENT_LAST) != 0;
  }
  return count;
}

Done KernelFiles::allocate(int fd, Allocate how, Range range) {
  int mode = FALLOC_FL_KEEP_SIZE;
  Op op = Op::allocate;
  if (how == Allocate::punch) {
    mode |= FALLOC_FL_PUNCH_HOLE;
    op = Op::punch;
  } else if (how == Allocate::zero_range) {
    mode |= FALLOC_FL_ZERO_RANGE;
  }
  return outcome(::fallocate(fd, mode, signed_offset(range.begin), signed_offset(range.length())),
                 op, range);
}

Done KernelFiles::truncate(int fd, uint64_t size) {
  return outcome(::ftruncate(fd, signed_offset(size)), Op::truncate);
}

Done KernelFiles::sync(int fd, Sync what) {
  return outcome(what == Sync::data ? ::fdatasync(fd) : ::fsync(fd), Op::sync);
}

Done KernelFiles::sync_file_system(int fd) { return outcome(::syncfs(fd), Op::sync); }

Done KernelFiles::start_writeback(int fd, Range range) {
  return outcome(::sync_file_range(fd, signed_offset(range.begin), signed_offset(range.length()),
                                   SYNC_FILE_RANGE_WRITE),
                 Op::sync, range);
}

Done KernelFiles::wait_writeback(int fd, Range range) {
  constexpr unsigned kAll =
      SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER;
  return outcome(
      ::sync_file_range(fd, signed_offset(range.begin), signed_offset(range.length()), kAll),
      Op::sync, range);
}

Done KernelFiles::flush(int fd) {
  const int again = ::fcntl(fd, F_DUPFD_CLOEXEC, 0);
  if (again < 0) return fail(errno, Op::write);
  return Fd(again).close();
}

Done KernelFiles::lock(int fd, LockMode mode) {
  return outcome(::flock(fd, (mode == LockMode::shared ? LOCK_SH : LOCK_EX) | LOCK_NB), Op::open);
}

Done KernelFiles::advise(int fd, Range range, Advice advice) {
  int value = POSIX_FADV_DONTNEED;
  if (advice == Advice::sequential) value = POSIX_FADV_SEQUENTIAL;
  if (advice == Advice::will_need) value = POSIX_FADV_WILLNEED;
  const int code =
      ::posix_fadvise(fd, signed_offset(range.begin), signed_offset(range.length()), value);
  if (code != 0) return fail(code, Op::read, range);
  return {};
}

Result<Fd> KernelFiles::reopen(int fd, Reopen how) {
  std::array<char, 32> path{};
  std::snprintf(path.data(), path.size(), "/proc/self/fd/%d", fd);
  int mode = how == Reopen::direct_write ? O_WRONLY : O_RDONLY;
  if (how == Reopen::read_write) mode = O_RDWR;
  const bool cached = how == Reopen::read || how == Reopen::read_write;
  const int direct = cached ? 0 : O_DIRECT;
  const int again = ::open(path.data(), mode | direct | O_CLOEXEC | O_NOCTTY);
  if (again < 0) return fail(errno, Op::open);
  return Fd(again);
}

Result<std::unique_ptr<IoQueue>> KernelFiles::queue(unsigned depth) {
  return make_uring_queue(depth);
}

Result<uint64_t> KernelFiles::resident(int fd, Range range) {
  struct {
    uint64_t offset, length;
  } where{range.begin, range.length()};
  struct {
    uint64_t cached, dirty, writeback, evicted, recently_evicted;
  } pages{};
  if (::syscall(kSysCachestat, fd, &where, &pages, 0) != 0) return fail(errno, Op::stat, range);
  return pages.cached * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace libcopyfile
