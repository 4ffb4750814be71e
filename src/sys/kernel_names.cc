#include "sys/kernel_names.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <iterator>

#include "sys/statx.h"

namespace libcopyfile {
namespace {

static_assert(kCurrentDirectory == AT_FDCWD);

Result<Fd> opened(int fd, Op op, const std::string& name) {
  if (fd < 0) return fail(errno, op, name);
  return Fd(fd);
}

Done outcome(long rc, Op op, const std::string& name = {}) {
  if (rc != 0) return fail(errno, op, name);
  return {};
}

int open_flags(Open how) {
  switch (how) {
    case Open::read: return O_RDONLY;
    case Open::read_no_follow: return O_RDONLY | O_NOFOLLOW;
    case Open::look: return O_RDONLY | O_NOFOLLOW | O_NONBLOCK;
    case Open::look_and_lock: return O_RDWR | O_NOFOLLOW | O_NONBLOCK;
    case Open::write: return O_WRONLY;
    case Open::read_write: return O_RDWR;
    case Open::directory: return O_RDONLY | O_DIRECTORY;
    case Open::directory_no_follow: return O_RDONLY | O_DIRECTORY | O_NOFOLLOW;
    case Open::directory_path: return O_PATH | O_DIRECTORY;
    case Open::look_path: return O_PATH | O_NOFOLLOW;
    case Open::path: return O_PATH;
  }
  return O_RDONLY;
}

// struct linux_dirent64, as getdents64(2) lays it out.
struct KernelEntry {
  uint64_t inode;
  int64_t next;
  uint16_t length;
  uint8_t type;
  char name[5];  // to the end of the structure
};
static_assert(sizeof(KernelEntry) == 24 && offsetof(KernelEntry, name) == 19);

FileType type_of(unsigned char type) {
  switch (type) {
    case DT_REG: return FileType::regular;
    case DT_DIR: return FileType::directory;
    case DT_LNK: return FileType::link;
    case DT_BLK: return FileType::block_device;
    case DT_FIFO:
    case DT_CHR:
    case DT_SOCK: return FileType::stream;
    default: return FileType::other;
  }
}

}  // namespace

int KernelNames::open_retry(int dir, const char* name, int flags, uint32_t mode) const {
  // A signal may interrupt open(2) on FIFOs and on network and FUSE file systems.
  for (;;) {
    const int fd = ::openat(dir, name, flags | O_CLOEXEC | O_NOCTTY, mode);
    if (fd >= 0 || errno != EINTR || (stop_ != nullptr && stop_())) return fd;
  }
}

Result<Fd> KernelNames::open(int dir, const std::string& name, Open how) {
  return opened(open_retry(dir, name.c_str(), open_flags(how), 0), Op::open, name);
}

Result<FileStat> KernelNames::stat(int dir, const std::string& name, bool follow) {
  Result<FileStat> st = stat_name(dir, name.c_str(), follow ? 0 : AT_SYMLINK_NOFOLLOW);
  if (!st) st.error().where = name;
  return st;
}

Result<std::string> KernelNames::read_link(int dir, const std::string& name) {
  std::array<char, PATH_MAX> text{};
  const ssize_t n = ::readlinkat(dir, name.c_str(), text.data(), text.size());
  if (n < 0) return fail(errno, Op::open, name);
  if (static_cast<size_t>(n) == text.size()) return fail(ENAMETOOLONG, Op::open, name);
  return std::string(text.data(), static_cast<size_t>(n));
}

bool KernelNames::has_proc() const {
  if (has_proc_.load(std::memory_order_relaxed)) return true;
  const bool has = ::faccessat(AT_FDCWD, "/proc/self/fd", X_OK, 0) == 0;
  has_proc_.store(has, std::memory_order_relaxed);
  return has;
}

Result<Fd> KernelNames::create_unnamed(int dir, uint32_t mode) {
  // link() may need /proc, and would find that out only when everything has been written.
  if (!has_proc()) return fail(EOPNOTSUPP, Op::create);
  return opened(open_retry(dir, ".", O_TMPFILE | O_RDWR, mode), Op::create, {});
}

Result<Fd> KernelNames::create_exclusive(int dir, const std::string& name, uint32_t mode) {
  const int flags = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW;
  return opened(open_retry(dir, name.c_str(), flags, mode), Op::create, name);
}

Done KernelNames::link(int fd, int dir, const std::string& name) {
  if (::linkat(fd, "", dir, name.c_str(), AT_EMPTY_PATH) == 0) return {};
  if (errno == EEXIST) return fail(errno, Op::link, name);
  // AT_EMPTY_PATH needs CAP_DAC_READ_SEARCH before 6.10, and later the credentials that opened the file: without
  // them it says ENOENT. /proc/self/fd asks for neither, but for /proc.
  std::array<char, 32> path{};
  std::snprintf(path.data(), path.size(), "/proc/self/fd/%d", fd);
  return outcome(::linkat(AT_FDCWD, path.data(), dir, name.c_str(), AT_SYMLINK_FOLLOW), Op::link,
                 name);
}

Done KernelNames::link_name(int dir, const std::string& from, int to_dir, const std::string& to) {
  return outcome(::linkat(dir, from.c_str(), to_dir, to.c_str(), 0), Op::link, to);
}

Done KernelNames::rename(int dir, const std::string& from, const std::string& to, Rename how) {
  if (how == Rename::replace) {
    return outcome(::renameat(dir, from.c_str(), dir, to.c_str()), Op::rename, to);
  }
  const unsigned flags = how == Rename::no_replace ? RENAME_NOREPLACE : RENAME_EXCHANGE;
  return outcome(::syscall(SYS_renameat2, dir, from.c_str(), dir, to.c_str(), flags), Op::rename,
                 to);
}

Done KernelNames::unlink(int dir, const std::string& name) {
  return outcome(::unlinkat(dir, name.c_str(), 0), Op::unlink, name);
}

Done KernelNames::make_directory(int dir, const std::string& name, uint32_t mode) {
  return outcome(::mkdirat(dir, name.c_str(), mode), Op::create, name);
}

Done KernelNames::remove_directory(int dir, const std::string& name) {
  return outcome(::unlinkat(dir, name.c_str(), AT_REMOVEDIR), Op::unlink, name);
}

Done KernelNames::make_link(int dir, const std::string& name, const std::string& target) {
  return outcome(::symlinkat(target.c_str(), dir, name.c_str()), Op::create, name);
}

Done KernelNames::make_node(int dir, const std::string& name, uint32_t type, uint64_t device) {
  const dev_t number =
      makedev(static_cast<unsigned>(device >> 32), static_cast<unsigned>(device & UINT32_MAX));
  return outcome(::mknodat(dir, name.c_str(), (type & S_IFMT) | 0600, number), Op::create, name);
}

Result<std::vector<Entry>> KernelNames::list(int dir) {
  // A descriptor with a position of its own.
  const Fd again(::openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!again.valid()) return fail(errno, Op::open);
  std::vector<Entry> all;
  for (;;) {
    Result<std::vector<Entry>> some = list_more(again.get());
    if (!some) return some;
    if (some->empty()) return all;
    std::move(some->begin(), some->end(), std::back_inserter(all));
  }
}

// getdents64(2) itself: readdir(3) would keep a stream, with memory of its own, for each directory that is open.
Result<std::vector<Entry>> KernelNames::list_more(int dir) {
  constexpr size_t kRoom = 16384;
  alignas(8) std::array<char, kRoom> buffer;
  std::vector<Entry> entries;
  while (entries.empty()) {  // a piece may hold nothing but "." and ".."
    const long n = ::syscall(SYS_getdents64, dir, buffer.data(), buffer.size());
    if (n < 0) return fail(errno, Op::read);
    if (n == 0) break;
    for (size_t at = 0; at < static_cast<size_t>(n);) {
      KernelEntry head{};
      std::memcpy(&head, buffer.data() + at, sizeof head);
      // The name is as long as its zero byte says, which the kernel puts there.
      const std::string_view name = buffer.data() + at + offsetof(KernelEntry, name);
      if (name != "." && name != "..") {
        entries.push_back({std::string(name), type_of(head.type), head.inode});
      }
      at += head.length;
    }
  }
  return entries;
}

}  // namespace libcopyfile
