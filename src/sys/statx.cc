#include "sys/statx.h"

#include <fcntl.h>
#include <linux/stat.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "sys/attributes.h"

namespace libcopyfile {
namespace {

// Debian 12's headers end before these.
constexpr uint32_t kStatxDioAlign = 0x2000;
constexpr uint32_t kStatxMountId = 0x1000;
constexpr uint32_t kStatxMountIdUnique = 0x4000;

// As the kernel lays it out since 6.1, without depending on which header the C library brings.
struct StatxBuffer {
  uint32_t mask, blksize;
  uint64_t attributes;
  uint32_t nlink, uid, gid;
  uint16_t mode, spare0;
  uint64_t ino, size, blocks, attributes_mask;
  struct {
    int64_t sec;
    uint32_t nsec;
    int32_t reserved;
  } atime, btime, ctime, mtime;
  uint32_t rdev_major, rdev_minor, dev_major, dev_minor;
  uint64_t mnt_id;
  uint32_t dio_mem_align, dio_offset_align;
  uint64_t spare3[12];
};
static_assert(sizeof(StatxBuffer) == 256);

uint64_t device(uint32_t major, uint32_t minor) { return uint64_t{major} << 32 | minor; }

FileType type_of(uint32_t mode) {
  switch (mode & S_IFMT) {
    case S_IFREG: return FileType::regular;
    case S_IFDIR: return FileType::directory;
    case S_IFLNK: return FileType::link;
    case S_IFBLK: return FileType::block_device;
    case S_IFIFO:
    case S_IFSOCK:
    case S_IFCHR: return FileType::stream;
    default: return FileType::other;
  }
}

Result<FileStat> old_stat(int dir, const char* name, int flags) {
  struct ::stat st {};
  if (::fstatat(dir, name, &st, flags) != 0) return fail(errno, Op::stat);
  FileStat s;
  s.device = device(major(st.st_dev), minor(st.st_dev));
  s.inode = st.st_ino;
  s.size = static_cast<uint64_t>(st.st_size);
  s.blocks = static_cast<uint64_t>(st.st_blocks);
  s.block_size = static_cast<uint32_t>(st.st_blksize);
  s.type = type_of(st.st_mode);
  s.mode = st.st_mode & 07777;
  s.format = st.st_mode & S_IFMT;
  s.links = static_cast<uint32_t>(st.st_nlink);
  s.owner = st.st_uid;
  s.group = st.st_gid;
  s.special_device = device(major(st.st_rdev), minor(st.st_rdev));
  s.accessed = {st.st_atim.tv_sec, static_cast<uint32_t>(st.st_atim.tv_nsec)};
  s.modified = {st.st_mtim.tv_sec, static_cast<uint32_t>(st.st_mtim.tv_nsec)};
  s.changed = {st.st_ctim.tv_sec, static_cast<uint32_t>(st.st_ctim.tv_nsec)};
  return s;
}

}  // namespace

Result<FileStat> stat_name(int dir, const char* name, int flags) {
  StatxBuffer st{};
  // Reserved mask bits give EINVAL, unknown ones are ignored (statx(2)); what came is in the returned mask.
  const uint32_t mask = STATX_BASIC_STATS | kStatxDioAlign | kStatxMountIdUnique;
  long rc = ::syscall(SYS_statx, dir, name, flags, mask, &st);
  if (rc == 0 && (st.mask & (kStatxMountIdUnique | kStatxMountId)) == 0) {
    // 5.8 to 6.7 know the reusable mount id only, and give it only to those who ask for it.
    rc = ::syscall(SYS_statx, dir, name, flags, mask | kStatxMountId, &st);
  }
  if (rc != 0) {
    if (errno == ENOSYS || errno == EPERM) return old_stat(dir, name, flags);
    return fail(errno, Op::stat);
  }
  FileStat s;
  s.device = device(st.dev_major, st.dev_minor);
  s.inode = st.ino;
  s.mount = (st.mask & (kStatxMountIdUnique | kStatxMountId)) != 0 ? st.mnt_id : 0;
  s.size = st.size;
  s.blocks = st.blocks;
  s.block_size = st.blksize;
  s.type = type_of(st.mode);
  s.mode = st.mode & 07777U;
  s.format = st.mode & unsigned{S_IFMT};
  s.links = st.nlink;
  s.owner = st.uid;
  s.group = st.gid;
  s.special_device = device(st.rdev_major, st.rdev_minor);
  // Btrfs sets the bit of fs-verity and does not say that it does.
  s.attributes = st.attributes & (st.attributes_mask | kStatVerity);
  s.accessed = {st.atime.sec, st.atime.nsec};
  s.modified = {st.mtime.sec, st.mtime.nsec};
  s.changed = {st.ctime.sec, st.ctime.nsec};
  s.direct_known = (st.mask & kStatxDioAlign) != 0;
  s.direct_memory_align = s.direct_known ? st.dio_mem_align : 0;
  s.direct_offset_align = s.direct_known ? st.dio_offset_align : 0;
  return s;
}

}  // namespace libcopyfile
