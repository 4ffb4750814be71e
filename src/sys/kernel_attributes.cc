#include "sys/kernel_attributes.h"

#include <attr/libattr.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/fsverity.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <climits>
#include <cstdio>
#include <mutex>

namespace libcopyfile {
namespace {

constexpr int kAttempts =
    8;  // a list or a value may grow between asking for its size and reading it
constexpr uint32_t kSelinuxMagic = 0xf97cff8c;

using ProcPath = std::array<char, 32>;

ProcPath proc_path(int fd) {
  ProcPath path{};
  std::snprintf(path.data(), path.size(), "/proc/self/fd/%d", fd);
  return path;
}

Done outcome(long rc, Op op) {
  if (rc != 0) return fail(errno, op);
  return {};
}

// fgetxattr(2) and its kin refuse descriptors of O_PATH; the link in /proc leads to the same file.
template <class ByFd, class ByPath>
ssize_t by_either(int fd, ByFd&& by_fd, ByPath&& by_path) {
  const ssize_t n = by_fd();
  if (n >= 0 || errno != EBADF) return n;
  const ssize_t again = by_path(proc_path(fd).data());
  if (again < 0 && (errno == ENOENT || errno == ENOTDIR)) errno = EBADF;
  return again;
}

ssize_t list_into(int fd, std::string& buffer) {
  return by_either(
      fd, [&] { return ::flistxattr(fd, buffer.data(), buffer.size()); },
      [&](const char* path) { return ::listxattr(path, buffer.data(), buffer.size()); });
}

ssize_t get_into(int fd, const char* name, std::string& buffer) {
  return by_either(
      fd, [&] { return ::fgetxattr(fd, name, buffer.data(), buffer.size()); },
      [&](const char* path) { return ::getxattr(path, name, buffer.data(), buffer.size()); });
}

// Asks with a buffer that mostly suffices, and for the size only where it did not.
template <class Ask>
Result<std::string> sized(Ask&& ask) {
  std::string buffer(1024, '\0');
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const ssize_t n = ask(buffer);
    if (n >= 0 && !buffer.empty()) {
      buffer.resize(static_cast<size_t>(n));
      return buffer;
    }
    if (n < 0 && errno != ERANGE) return fail(errno, Op::get_attribute);
    // 0 bytes of room ask for the size. Room for nothing would ask again, so there is one byte more.
    buffer.resize(n < 0 ? 0 : static_cast<size_t>(n) + 1);
  }
  return fail(ERANGE, Op::get_attribute);
}

bool has_xattr(int fd, const char* name) {
  std::string none;
  return get_into(fd, name, none) >= 0;
}

Result<std::optional<Acl>> acl_or_none(acl_t list) {
  if (list == nullptr) return fail(errno, Op::get_attribute);
  return Acl(list);
}

Result<std::string> verity_part(int fd, uint64_t type, size_t room) {
  std::string buffer(room, '\0');
  fsverity_read_metadata_arg arg{};
  arg.metadata_type = type;
  arg.length = room;
  arg.buf_ptr = reinterpret_cast<uintptr_t>(buffer.data());
  const int n = ::ioctl(fd, FS_IOC_READ_VERITY_METADATA, &arg);
  if (n < 0) return fail(errno, Op::get_attribute);
  buffer.resize(static_cast<size_t>(n));
  return buffer;
}

Result<Verity> measured(int fd) {
  constexpr uint16_t kLargest = 64;  // SHA-512
  alignas(fsverity_digest) std::array<char, sizeof(fsverity_digest) + kLargest> buffer{};
  auto* const digest = new (buffer.data()) fsverity_digest{};
  digest->digest_size = kLargest;
  if (::ioctl(fd, FS_IOC_MEASURE_VERITY, digest) != 0) return fail(errno, Op::get_attribute);
  const size_t size = std::min(digest->digest_size, kLargest);
  return Verity{digest->digest_algorithm, 4096, {}, {}, {buffer.data() + sizeof *digest, size}};
}

}  // namespace

Done KernelAttributes::set_owner(int fd, uint32_t owner, uint32_t group) {
  int rc = ::fchown(fd, owner, group);
  if (rc != 0 && errno == EBADF) rc = ::fchownat(fd, "", owner, group, AT_EMPTY_PATH);
  return outcome(rc, Op::set_owner);
}

Done KernelAttributes::set_mode(int fd, uint32_t mode) {
  return outcome(by_either(
                     fd, [&] { return ::fchmod(fd, mode); },
                     [&](const char* path) { return ::fchmodat(AT_FDCWD, path, mode, 0); }),
                 Op::set_mode);
}

Done KernelAttributes::set_times(int fd, Timestamp accessed, Timestamp modified) {
  const timespec times[2] = {{accessed.seconds, static_cast<long>(accessed.nanoseconds)},
                             {modified.seconds, static_cast<long>(modified.nanoseconds)}};
  return outcome(by_either(
                     fd, [&] { return ::futimens(fd, times); },
                     [&](const char* path) { return ::utimensat(AT_FDCWD, path, times, 0); }),
                 Op::set_times);
}

Result<std::vector<std::string>> KernelAttributes::list_xattrs(int fd) {
  const Result<std::string> list =
      sized([fd](std::string& buffer) { return list_into(fd, buffer); });
  if (!list) return fail(list.error());
  std::vector<std::string> names;
  for (size_t at = 0; at < list->size();) {
    names.emplace_back(list->c_str() + at);
    at += names.back().size() + 1;
  }
  return names;
}

Result<std::string> KernelAttributes::get_xattr(int fd, const std::string& name) {
  return sized([&](std::string& buffer) { return get_into(fd, name.c_str(), buffer); });
}

Done KernelAttributes::set_xattr(int fd, const std::string& name, const std::string& value) {
  return outcome(
      by_either(
          fd, [&] { return ::fsetxattr(fd, name.c_str(), value.data(), value.size(), 0); },
          [&](const char* path) {
            return ::setxattr(path, name.c_str(), value.data(), value.size(), 0);
          }),
      Op::set_attribute);
}

Done KernelAttributes::remove_xattr(int fd, const std::string& name) {
  return outcome(by_either(
                     fd, [&] { return ::fremovexattr(fd, name.c_str()); },
                     [&](const char* path) { return ::removexattr(path, name.c_str()); }),
                 Op::set_attribute);
}

XattrRule KernelAttributes::rule_of(const std::string& name) {
  // libattr reads its file at the first call, into a list of its own that it does not lock.
  static std::mutex mutex;
  const std::lock_guard lock(mutex);
  switch (::attr_copy_action(name.c_str(), nullptr)) {
    case ATTR_ACTION_SKIP: return XattrRule::skip;
    case ATTR_ACTION_PERMISSIONS: return XattrRule::permissions;
    default: return XattrRule::copy;
  }
}

// libacl makes a list of the permission bits where there is none, for the price of an fstat(2): asked first, it is not.
Result<std::optional<Acl>> KernelAttributes::access_acl(int fd) {
  if (!has_xattr(fd, kAccessAcl)) {
    if (errno == ENODATA) return std::nullopt;
    return fail(errno, Op::get_attribute);
  }
  acl_t list = ::acl_get_fd(fd);
  if (list == nullptr && errno == EBADF) {
    list = ::acl_get_file(proc_path(fd).data(), ACL_TYPE_ACCESS);
  }
  return acl_or_none(list);
}

Done KernelAttributes::set_access_acl(int fd, const Acl& acl) {
  return outcome(
      by_either(
          fd, [&] { return ::acl_set_fd(fd, acl.list()); },
          [&](const char* path) { return ::acl_set_file(path, ACL_TYPE_ACCESS, acl.list()); }),
      Op::set_attribute);
}

Result<std::optional<Acl>> KernelAttributes::default_acl(int dir) {
  if (!has_xattr(dir, "system.posix_acl_default")) {
    if (errno == ENODATA) return std::nullopt;
    return fail(errno, Op::get_attribute);
  }
  // libacl has no call for the default list of a descriptor.
  return acl_or_none(::acl_get_file(proc_path(dir).data(), ACL_TYPE_DEFAULT));
}

Result<uint32_t> KernelAttributes::inode_flags(int fd) {
  // The kernel writes an int, whatever the name of the request says.
  unsigned flags = 0;
  if (::ioctl(fd, FS_IOC_GETFLAGS, &flags) != 0) return fail(errno, Op::get_attribute);
  return flags;
}

Done KernelAttributes::set_inode_flags(int fd, uint32_t flags, uint32_t mask) {
  const Result<uint32_t> now = inode_flags(fd);
  if (!now) return fail(now.error());
  unsigned wanted = (*now & ~mask) | (flags & mask);
  if (wanted == *now) return {};
  if (Done ok = outcome(::ioctl(fd, FS_IOC_SETFLAGS, &wanted), Op::set_attribute); !ok) return ok;
  // Some file systems take what they do not know and forget it.
  const Result<uint32_t> then = inode_flags(fd);
  if (!then || ((*then ^ flags) & mask) != 0) return fail(EOPNOTSUPP, Op::set_attribute);
  return {};
}

Result<Project> KernelAttributes::project(int fd) {
  fsxattr x{};
  if (::ioctl(fd, FS_IOC_FSGETXATTR, &x) != 0) return fail(errno, Op::get_attribute);
  return Project{x.fsx_projid, (x.fsx_xflags & FS_XFLAG_PROJINHERIT) != 0};
}

Done KernelAttributes::set_project(int fd, uint32_t id) {
  fsxattr x{};
  if (::ioctl(fd, FS_IOC_FSGETXATTR, &x) != 0) return fail(errno, Op::set_attribute);
  x.fsx_projid = id;
  return outcome(::ioctl(fd, FS_IOC_FSSETXATTR, &x), Op::set_attribute);
}

Result<Verity> KernelAttributes::verity(int fd) {
  const Result<std::string> bytes =
      verity_part(fd, FS_VERITY_METADATA_TYPE_DESCRIPTOR, sizeof(fsverity_descriptor));
  if (!bytes && is_not_supported(bytes.error().code)) return measured(fd);
  if (!bytes) return fail(bytes.error());
  fsverity_descriptor d{};
  if (bytes->size() < sizeof d) return fail(EIO, Op::get_attribute);
  bytes->copy(reinterpret_cast<char*>(&d), sizeof d);
  if (d.log_blocksize > 31 || d.salt_size > sizeof d.salt) return fail(EIO, Op::get_attribute);
  Verity verity{d.hash_algorithm, 1U << d.log_blocksize, {}, {}, {}};
  verity.salt.assign(reinterpret_cast<const char*>(d.salt), d.salt_size);
  constexpr size_t kMaxSignature = 16128;  // the kernel's own limit
  Result<std::string> signature = verity_part(fd, FS_VERITY_METADATA_TYPE_SIGNATURE, kMaxSignature);
  if (!signature && signature.error().code != ENODATA) return fail(signature.error());
  if (signature) verity.signature = std::move(*signature);
  return verity;
}

Done KernelAttributes::enable_verity(int fd, const Verity& verity) {
  fsverity_enable_arg arg{};
  arg.version = 1;
  arg.hash_algorithm = verity.hash_algorithm;
  arg.block_size = verity.block_size;
  arg.salt_size = static_cast<uint32_t>(verity.salt.size());
  arg.salt_ptr = reinterpret_cast<uintptr_t>(verity.salt.data());
  arg.sig_size = static_cast<uint32_t>(verity.signature.size());
  arg.sig_ptr = reinterpret_cast<uintptr_t>(verity.signature.data());
  const Done ok = outcome(::ioctl(fd, FS_IOC_ENABLE_VERITY, &arg), Op::set_attribute);
  if (!ok || verity.digest.empty()) return ok;
  const Result<Verity> now = measured(fd);
  if (!now) return fail(now.error());
  if (now->digest != verity.digest) return fail(EOPNOTSUPP, Op::set_attribute);
  return {};
}

Result<std::string> KernelAttributes::measure_verity(int fd) {
  const Result<Verity> now = measured(fd);
  if (!now) return fail(now.error());
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text = std::to_string(now->hash_algorithm) + ":";
  for (const char c : now->digest) {
    const auto byte = static_cast<uint8_t>(c);
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

Done KernelAttributes::set_creation_label(const std::string& label) {
  // Other security modules have the file, too, and mean something else by it.
  struct ::statfs fs {};
  if (::statfs("/sys/fs/selinux", &fs) != 0 || static_cast<uint32_t>(fs.f_type) != kSelinuxMagic) {
    return fail(EOPNOTSUPP, Op::set_attribute);
  }
  const Fd file(::open("/proc/thread-self/attr/fscreate", O_WRONLY | O_CLOEXEC));
  if (!file.valid()) return fail(errno, Op::set_attribute);
  // A context ends with its zero byte; nothing at all means the policy's own choice.
  const size_t size = label.empty() || label.back() == '\0' ? label.size() : label.size() + 1;
  const ssize_t n = ::write(file.get(), label.c_str(), size);
  return outcome(n == static_cast<ssize_t>(size) ? 0 : -1, Op::set_attribute);
}

}  // namespace libcopyfile
