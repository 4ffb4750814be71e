#include "verify/read_back.h"

#include "base/buffer.h"
#include "base/fd.h"
#include "sys/transfer.h"

namespace libcopyfile {
namespace {

// Opening again needs /proc, a descriptor and a file system that does not mind; reading, the alignment.
bool not_direct(int code) {
  switch (code) {
    case EINVAL:
    case EOPNOTSUPP:
    case ENOTBLK:
    case ENOENT:
    case EACCES:
    case EPERM:
    case ENXIO:
    case ETXTBSY:
    case EMFILE:
    case ENFILE: return true;
    default: return false;
  }
}

// Only where the kernel promises it (STATX_DIOALIGN, 6.1): Btrfs and tmpfs accept O_DIRECT and use the page cache.
bool has_direct(const FileStat& stat) {
  return stat.direct_known && stat.direct_offset_align > 0 &&
         stat.direct_offset_align <= AlignedBuffer::kAlignment;
}

// Whether no page of the file is left in the cache. Where cachestat(2) is missing (before Linux 6.5) nobody knows.
bool drop_pages(Files& files, int fd, uint64_t size) {
  const Range all{0, align_up(size, AlignedBuffer::kAlignment)};
  (void)files.advise(fd, all, Advice::dont_need);
  const Result<uint64_t> left = files.resident(fd, all);
  return left && *left == 0;
}

}  // namespace

Result<ReadBack> read_back(Files& files, int fd, uint64_t size, Algorithm algorithm,
                           const DigestProgress& progress) {
  // Asked now, not when the file was empty: some file systems have no direct I/O for files that are small, or encrypted.
  const Result<FileStat> stat = retry_interrupted([&] { return files.stat(fd); });
  if (!stat) return fail(stat.error());
  if (has_direct(*stat)) {
    const Result<Fd> again =
        retry_interrupted([&] { return files.reopen(fd, Reopen::direct_read); });
    if (!again && !not_direct(again.error().code)) return fail(again.error());
    if (again) {
      const Result<FileDigest> read =
          digest_of_file(files, again->get(), size, algorithm, ReadVia::direct, progress);
      if (read) return ReadBack{*read, Medium::direct};
      if (!not_direct(read.error().code)) return fail(read.error());
    }
  }
  const bool dropped = drop_pages(files, fd, size);
  const Result<FileDigest> read =
      digest_of_file(files, fd, size, algorithm, ReadVia::cache, progress);
  if (!read) return fail(read.error());
  return ReadBack{*read, dropped ? Medium::dropped : Medium::cache};
}

}  // namespace libcopyfile
