#include "facts/read_facts.h"

#include <algorithm>
#include <bit>

#include "facts/fs_class.h"
#include "sys/attributes.h"
#include "sys/system_info.h"
#include "sys/transfer.h"

namespace libcopyfile {
namespace {

// Below this, whether the source is cached decides nothing.
constexpr uint64_t kAskCachedFrom = uint64_t{64} << 20;

// f_bsize is the unit of allocation on local file systems, and an I/O size (a MiB) on network ones.
uint64_t clone_alignment(const FsInfo& fs) {
  constexpr uint64_t kDefault = 4096;
  constexpr uint64_t kLargest = 65536;
  const bool usable = std::has_single_bit(fs.block_size) && fs.block_size <= kLargest;
  return usable ? std::max<uint64_t>(fs.block_size, 512) : kDefault;
}

}  // namespace

Result<SideFacts> read_side(Files& files, int fd, bool ours, Detail detail) {
  SideFacts side;
  side.ours = ours;
  const Result<FileStat> stat = retry_interrupted([&] { return files.stat(fd); });
  if (!stat) return fail(stat.error());
  side.stat = *stat;
  side.kind = stat->type;
  const Result<Access> access = retry_interrupted([&] { return files.access(fd); });
  if (!access) return fail(access.error());
  side.readable = access->read;
  side.writable = access->write;
  side.append_only_writes = access->append;
  side.has_verity = (stat->attributes & kStatVerity) != 0;
  side.size = stat->size;
  if (side.kind == FileType::block_device) {
    const Result<uint64_t> size = retry_interrupted([&] { return files.device_size(fd); });
    if (!size) return fail(size.error());
    side.size = *size;
  }
  if (detail == Detail::brief) {
    side.size_trusted = false;
    return side;
  }
  if (side.kind == FileType::regular) {
    // Without it, what the file system is stays unknown.
    const Result<FsInfo> fs = retry_interrupted([&] { return files.fs_info(fd); });
    if (fs) side.fs = *fs;
    side.fs_class = class_of(side.fs.magic);
    // Where a server tells the size, 0 may mean that it does not know: one read finds out.
    side.size_trusted =
        side.fs_class == FsClass::local || (side.fs_class != FsClass::made_up && side.size > 0);
  }
  return side;
}

Facts join_sides(SideFacts in, SideFacts out, bool out_is_new, Detail detail) {
  Facts facts;
  if (detail == Detail::full) {
    const SystemInfo system = system_info();
    facts.kernel = {system.kernel_major, system.kernel_minor};
    facts.memory = system.memory;
  }
  facts.out_is_new = out_is_new;
  facts.same_file_system = in.stat.device == out.stat.device;
  facts.same_file =
      facts.same_file_system && in.stat.inode == out.stat.inode && in.kind == out.kind;
  if (in.kind == FileType::block_device && out.kind == FileType::block_device) {
    // Two nodes may name one device.
    facts.same_file = in.stat.special_device == out.stat.special_device;
  }
  facts.same_mount = in.stat.mount != 0 && in.stat.mount == out.stat.mount;
  facts.clone_alignment = clone_alignment(out.fs);
  // XFS gains nothing by it, and Btrfs would write twice.
  facts.preallocation_pays = fs_name(out.fs.magic) == "ext4";
  facts.cheap_clones = fs_name(out.fs.magic) == "btrfs";
  facts.in = std::move(in);
  facts.out = std::move(out);
  return facts;
}

void ask_servers(Files& files, int in_fd, int out_fd, Facts& facts) {
  const bool one_protocol =
      facts.in.fs_class == FsClass::remote && facts.in.fs.magic == facts.out.fs.magic;
  if (!one_protocol) return;
  facts.out.server_copies = files.server_copies(out_fd);
  facts.in.server_copies =
      facts.same_file_system ? facts.out.server_copies : files.server_copies(in_fd);
}

bool sync_reports_errors(const Facts& facts) {
  return facts.kernel.at_least(5, 8) && facts.out.fs_class == FsClass::local &&
         fs_name(facts.out.fs.magic) != "overlayfs";
}

void ask_cached(Files& files, int in_fd, Facts& facts) {
  if (facts.in.kind != FileType::regular || facts.in.size < kAskCachedFrom) return;
  const Result<uint64_t> n = files.resident(in_fd, {0, facts.in.size});
  if (n) facts.source_cached = *n;
}

}  // namespace libcopyfile
