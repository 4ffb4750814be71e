#include "facts/read_facts.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <bit>

#include "facts/fs_class.h"
#include "sys/system_info.h"

namespace libcopyfile {
namespace {

// Below this, whether the source is cached decides nothing.
constexpr uint64_t kAskCachedFrom = uint64_t{64} << 20;

FileKind kind_of(uint32_t mode) {
  switch (mode & S_IFMT) {
    case S_IFREG: return FileKind::regular;
    case S_IFBLK: return FileKind::block_device;
    case S_IFDIR: return FileKind::directory;
    case S_IFIFO:
    case S_IFSOCK:
    case S_IFCHR: return FileKind::stream;
    default: return FileKind::other;
  }
}

// f_bsize is the unit of allocation on local file systems, and an I/O size (a MiB) on network ones.
uint64_t clone_alignment(const FsInfo& fs) {
  constexpr uint64_t kDefault = 4096;
  constexpr uint64_t kLargest = 65536;
  const bool usable = std::has_single_bit(fs.block_size) && fs.block_size <= kLargest;
  return usable ? std::max<uint64_t>(fs.block_size, 512) : kDefault;
}

}  // namespace

Result<SideFacts> read_side(Files& files, int fd, bool ours) {
  SideFacts side;
  side.ours = ours;
  Result<FileStat> stat = files.stat(fd);
  if (!stat) return fail(stat.error());
  side.stat = *stat;
  side.kind = kind_of(stat->mode);
  const Result<int> flags = files.status_flags(fd);
  if (!flags) return fail(flags.error());
  const int access = *flags & O_ACCMODE;
  const bool path_only = (*flags & O_PATH) != 0;
  side.readable = !path_only && access != O_WRONLY;
  side.writable = !path_only && access != O_RDONLY;
  side.append_only_writes = (*flags & O_APPEND) != 0;
  side.size = stat->size;
  if (side.kind == FileKind::block_device) {
    const Result<uint64_t> size = files.device_size(fd);
    if (!size) return fail(size.error());
    side.size = *size;
  }
  if (side.kind == FileKind::regular) {
    // Without it, what the file system is stays unknown.
    if (const Result<FsInfo> fs = files.fs_info(fd)) side.fs = *fs;
    // An empty file costs one read; a FUSE file that says 0 and holds data would be lost otherwise.
    side.size_trusted = class_of(side.fs.magic) != FsClass::made_up && side.size > 0;
  }
  return side;
}

Facts join_sides(Files& files, int in_fd, SideFacts in, SideFacts out, bool out_is_new) {
  Facts facts;
  const SystemInfo system = system_info();
  facts.kernel = {system.kernel_major, system.kernel_minor};
  facts.memory = system.memory;
  facts.out_is_new = out_is_new;
  facts.same_file_system = in.stat.device == out.stat.device;
  facts.same_file = facts.same_file_system && in.stat.inode == out.stat.inode &&
                    in.kind == out.kind;
  if (in.kind == FileKind::block_device && out.kind == FileKind::block_device) {
    // Two nodes may name one device.
    facts.same_file = in.stat.special_device == out.stat.special_device;
  }
  facts.same_mount = in.stat.mount != 0 && in.stat.mount == out.stat.mount;
  facts.clone_alignment = clone_alignment(out.fs);
  if (in.kind == FileKind::regular && in.size >= kAskCachedFrom) {
    if (const Result<uint64_t> n = files.resident(in_fd, {0, in.size})) facts.source_cached = *n;
  }
  facts.in = std::move(in);
  facts.out = std::move(out);
  return facts;
}

}  // namespace libcopyfile
