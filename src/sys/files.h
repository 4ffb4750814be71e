// Files: what can be done to open files. This interface is the seam at which tests inject faults, record requests and
// simulate a file system; KernelFiles (kernel_files.h) is the real one. A method is one kernel operation: it may be short
// and it may fail with EINTR. Nobody but sys/transfer.h has to know: its functions loop and retry.
//
// All methods may be called from several threads at once. No method moves a file position, except seek() and the two
// stream transfers (offset kStream). None has a default: what stands before another Files would take it for the answer of that one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "base/error.h"
#include "base/fd.h"
#include "base/range.h"
#include "sys/lock_file.h"

namespace libcopyfile {

class Devices;
class IoQueue;

struct Timestamp {
  int64_t seconds = 0;
  uint32_t nanoseconds = 0;
  bool operator==(const Timestamp&) const = default;
};

enum class FileType : uint8_t { regular, directory, link, block_device, stream, other };

// statx(2). A value that the kernel did not give stays 0.
struct FileStat {
  uint64_t device = 0;  // major << 32 | minor
  uint64_t inode = 0;
  uint64_t mount = 0;  // unique mount id where the kernel has it (6.8), else the reusable one (5.8)
  uint64_t size = 0;
  uint64_t blocks = 0;      // of 512 bytes
  uint32_t block_size = 0;  // preferred I/O size; ZFS and Lustre report MiBs
  FileType type = FileType::other;
  uint32_t mode = 0;    // permissions, with set-id and sticky bits
  uint32_t format = 0;  // S_IFMT: tells pipes, sockets and character devices apart
  uint32_t links = 0;
  uint32_t owner = 0;
  uint32_t group = 0;
  uint64_t special_device = 0;  // st_rdev, as `device`
  uint64_t attributes = 0;      // STATX_ATTR_*
  Timestamp accessed, modified, changed;
  // STATX_DIOALIGN (6.1). known = false: the kernel does not say. 0 = no direct I/O on this file.
  bool direct_known = false;
  uint32_t direct_memory_align = 0;
  uint32_t direct_offset_align = 0;
};

// Whether the server of a network file system copies on its own. copy_file_range(2) does not say: where the server can't, the
// client reads and writes in silence.
enum class ServerCopy : uint8_t {
  unknown,
  too_old,   // mounted by a version of the protocol without it
  refused,   // the server has said no since it was mounted
  possible,  // it has not said no
};
struct ServerCopies {
  ServerCopy state = ServerCopy::unknown;
  std::optional<uint64_t> requests;  // to copy, since it was mounted: everybody's
};

// statfs(2).
struct FsInfo {
  uint64_t magic = 0;
  uint64_t block_size = 0;  // f_bsize: on local file systems the unit of allocation
};

// One extent as FIEMAP tells it.
struct RawExtent {
  Range logical;
  uint64_t physical = 0;
  bool unwritten = false;
  bool shared = false;
  bool delayed = false;  // allocated in memory only: data that has no address yet
  bool encoded = false;  // compressed or encrypted: the physical address is no use
  bool last = false;
};

// What a descriptor was opened for.
struct Access {
  bool read = false;
  bool write = false;
  bool append = false;  // Linux ignores the offset of pwrite(2) then
};

enum class Seek : uint8_t { data, hole };
enum class Allocate : uint8_t {
  reserve,     // unwritten blocks, size kept
  punch,       // a hole, size kept
  zero_range,  // reads as zero, blocks may stay, size kept
};
enum class Sync : uint8_t { data, all };
enum class Advice : uint8_t { sequential, will_need, dont_need };
enum class Reopen : uint8_t {
  direct_read,
  direct_write,
  read,  // through the page cache
  read_write,
};

// How a transfer treats the page cache.
enum class Cache : uint8_t {
  keep,      // as read(2) and write(2) do
  drop,      // RWF_DONTCACHE (6.14; safe from 6.16): pages made by this transfer go away behind it
  resident,  // RWF_NOWAIT (4.14): what needs no waiting. EAGAIN else, EOPNOTSUPP where the file system can't tell
  through,   // RWF_DSYNC (4.7): a write is on stable storage when it returns. Reads as `keep`
};

// The offset of a transfer at the file position, for pipes, sockets and terminals.
inline constexpr uint64_t kStream = UINT64_MAX;

class Files {
 public:
  virtual ~Files() = default;

  virtual Result<FileStat> stat(int fd) = 0;
  virtual Result<FsInfo> fs_info(int fd) = 0;
  // What the client of a network file system says now. Reads /proc: where many file systems are mounted, a millisecond.
  virtual ServerCopies server_copies(int fd) = 0;
  // Bytes of a block device: BLKGETSIZE64.
  virtual Result<uint64_t> device_size(int fd) = 0;
  // fcntl(2) F_GETFL.
  virtual Result<Access> access(int fd) = 0;

  // preadv2(2), pwritev2(2); read(2), write(2) with kStream. 0 from read is end of file.
  virtual Result<size_t> read(int fd, std::span<std::byte> buffer, uint64_t offset,
                              Cache cache) = 0;
  virtual Result<size_t> write(int fd, std::span<const std::byte> data, uint64_t offset,
                               Cache cache) = 0;
  // copy_file_range(2), by the raw system call: glibc 2.27 to 2.29 emulates it, 2.41 and 2.42 return wrong counts.
  virtual Result<size_t> copy_range(int in, int out, const CopyRange& range) = 0;
  // FICLONE, FICLONERANGE (ioctl_ficlonerange(2)). REQUIRES range.length > 0: 0 would mean "to the end".
  virtual Done clone(int in, int out) = 0;
  virtual Done clone_range(int in, int out, const CopyRange& range) = 0;

  // lseek(2) SEEK_DATA, SEEK_HOLE. Moves the file position: only for descriptors that we opened.
  virtual Result<uint64_t> seek(int fd, uint64_t offset, Seek what) = 0;
  // FIEMAP: extents that overlap `range`, in order, as many as fit; how many were stored. `sync`: write dirty data back
  // first, so that nothing is in memory only.
  virtual Result<size_t> extents(int fd, Range range, bool sync, std::span<RawExtent> store) = 0;
  // fallocate(2). The size of the file never changes.
  virtual Done allocate(int fd, Allocate how, Range range) = 0;
  virtual Done truncate(int fd, uint64_t size) = 0;
  // fdatasync(2), fsync(2).
  virtual Done sync(int fd, Sync what) = 0;
  // syncfs(2): everything of the file system that holds `fd`, everybody's. From Linux 5.8 on it reports what failed since
  // `fd` was opened.
  virtual Done sync_file_system(int fd) = 0;
  // sync_file_range(2): starts write-back and waits for nothing; or waits for what is under way, starts the rest and waits for
  // that, too. Neither promises anything about a crash.
  virtual Done start_writeback(int fd, Range range) = 0;
  virtual Done wait_writeback(int fd, Range range) = 0;
  // What close(2) would say of lost data, with `fd` kept open (and with it its lock): NFS and quotas tell there at the latest.
  virtual Done flush(int fd) = 0;
  // flock(2) with LOCK_NB: EWOULDBLOCK where another open file has it so that both can't. It goes away with the last descriptor of
  // this open file, also by a crash.
  virtual Done lock(int fd, LockMode mode) = 0;
  // posix_fadvise(2).
  virtual Done advise(int fd, Range range, Advice advice) = 0;
  // A second descriptor of the same file. Never for a caller's descriptor: closing any descriptor of a
  // file drops the process's POSIX record locks on it (fcntl(2)).
  virtual Result<Fd> reopen(int fd, Reopen how) = 0;
  // A queue of asynchronous transfers with at most `depth` under way.
  virtual Result<std::unique_ptr<IoQueue>> queue(unsigned depth) = 0;
  // Bytes of `range` that the page cache holds: cachestat(2) (6.5).
  virtual Result<uint64_t> resident(int fd, Range range) = 0;
  // What disks can do beside; nothing where no disks are known.
  virtual Devices* devices() = 0;
};

}  // namespace libcopyfile
