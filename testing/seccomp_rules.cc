#include "testing/seccomp_rules.h"

#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <sched.h>
#include <unistd.h>

#include <array>
#include <sstream>

#include "testing/errno_names.h"

namespace libcopyfile::test {
namespace {

constexpr uint64_t kAll = 0xffffffff;  // the kernel takes these arguments as 32 bits
constexpr uint64_t kDontCache = 0x80;  // RWF_DONTCACHE (6.14), not yet in the headers of bookworm
// O_TMPFILE contains O_DIRECTORY; the bit that is its own tells.
constexpr uint64_t kTmpfile = O_TMPFILE & ~O_DIRECTORY;

struct Argument {
  std::string_view system_call;
  std::string_view name;
  unsigned index;
  uint64_t mask;
  uint64_t value;
};

constexpr Argument bit(std::string_view call, std::string_view name, unsigned index,
                       uint64_t bits) {
  return {call, name, index, bits, bits};
}
constexpr Argument exact(std::string_view call, std::string_view name, unsigned index,
                         uint64_t value) {
  return {call, name, index, kAll, value};
}

constexpr std::array kArguments{
    exact("ioctl", "FICLONE", 1, FICLONE),
    exact("ioctl", "FICLONERANGE", 1, FICLONERANGE),
    exact("ioctl", "FIDEDUPERANGE", 1, FIDEDUPERANGE),
    exact("ioctl", "FS_IOC_FIEMAP", 1, FS_IOC_FIEMAP),
    exact("lseek", "SEEK_DATA", 2, SEEK_DATA),
    exact("lseek", "SEEK_HOLE", 2, SEEK_HOLE),
    bit("fallocate", "PUNCH_HOLE", 1, FALLOC_FL_PUNCH_HOLE),
    bit("fallocate", "ZERO_RANGE", 1, FALLOC_FL_ZERO_RANGE),
    exact("fallocate", "KEEP_SIZE", 1, FALLOC_FL_KEEP_SIZE),
    bit("openat", "O_TMPFILE", 2, kTmpfile),
    bit("openat", "O_DIRECT", 2, O_DIRECT),
    bit("open", "O_TMPFILE", 1, kTmpfile),
    bit("linkat", "AT_EMPTY_PATH", 4, AT_EMPTY_PATH),
    bit("preadv2", "RWF_DONTCACHE", 5, kDontCache),
    bit("pwritev2", "RWF_DONTCACHE", 5, kDontCache),
    bit("clone", "CLONE_THREAD", 0, CLONE_THREAD),
};

constexpr std::array kProfiles{
    Profile{"no-copy-file-range", "copy_file_range:ENOSYS", "before Linux 4.5, QNAP's kernels"},
    Profile{"forbidden-copy-file-range", "copy_file_range:EPERM", "Docker with an old libseccomp"},
    Profile{"no-reflink", "ioctl=FICLONE:EOPNOTSUPP ioctl=FICLONERANGE:EOPNOTSUPP",
            "most file systems"},
    Profile{"no-reflink-enotty", "ioctl=FICLONE:ENOTTY ioctl=FICLONERANGE:ENOTTY",
            "file systems without ioctls"},
    Profile{"no-reflink-einval", "ioctl=FICLONE:EINVAL ioctl=FICLONERANGE:EINVAL",
            "NOCOW against COW on Btrfs"},
    Profile{"no-io-uring", "io_uring_setup:EPERM", "containers, kernel.io_uring_disabled"},
    Profile{"no-io-uring-enosys", "io_uring_setup:ENOSYS", "before Linux 5.1"},
    Profile{"no-fallocate", "fallocate:EOPNOTSUPP", "NFS before 4.2, many FUSE file systems"},
    Profile{"no-seek-hole", "lseek=SEEK_DATA:EINVAL lseek=SEEK_HOLE:EINVAL", "old FUSE, procfs"},
    Profile{"no-statx", "statx:ENOSYS", "before Linux 4.11"},
    Profile{"forbidden-statx", "statx:EPERM", "Docker with an old libseccomp"},
    Profile{"no-openat2", "openat2:ENOSYS", "before Linux 5.6"},
    Profile{"no-o-tmpfile", "openat=O_TMPFILE:EOPNOTSUPP open=O_TMPFILE:EOPNOTSUPP", "NFS, FUSE"},
    Profile{"no-renameat2", "renameat2:ENOSYS", "before Linux 3.15"},
    Profile{"no-rename-flags", "renameat2:EINVAL", "NFS, 9p, ZFS before 2.2"},
    Profile{"no-link-by-descriptor", "linkat=AT_EMPTY_PATH:ENOENT",
            "before Linux 6.10, without privileges"},
    Profile{"no-fiemap", "ioctl=FS_IOC_FIEMAP:EOPNOTSUPP", "tmpfs, FUSE, network file systems"},
    Profile{"no-dontcache", "preadv2=RWF_DONTCACHE:EOPNOTSUPP pwritev2=RWF_DONTCACHE:EOPNOTSUPP",
            "before Linux 6.14"},
    Profile{"no-cachestat", "cachestat:ENOSYS", "before Linux 6.5"},
    // clone3 passes its flags in memory, where no filter can look; glibc goes on with clone after ENOSYS.
    Profile{"no-threads", "clone3:ENOSYS clone=CLONE_THREAD:EAGAIN", "RLIMIT_NPROC, pids.max"},
    Profile{"old-kernel",
            "no-copy-file-range no-reflink-enotty no-io-uring-enosys no-fallocate no-seek-hole "
            "no-statx no-openat2 "
            "no-o-tmpfile no-renameat2 no-link-by-descriptor no-fiemap no-dontcache no-cachestat",
            "everything missing that can be"},
    Profile{"nothing-works", "old-kernel no-threads", "an old kernel, and not even threads"},
};

// Newer than libseccomp 2.5.4.
constexpr std::array kNewCalls{std::pair<std::string_view, int>{"cachestat", 451}};

bool set_argument(Refusal& refusal, std::string_view name) {
  for (const Argument& a : kArguments) {
    if (a.system_call != refusal.system_call || a.name != name) continue;
    refusal.argument = a.index;
    refusal.mask = a.mask;
    refusal.value = a.value;
    return true;
  }
  return false;
}

std::optional<Refusal> parse_rule(std::string_view word) {
  const size_t colon = word.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const std::optional<int64_t> error = errno_from_name(word.substr(colon + 1));
  if (!error) return std::nullopt;
  const std::string_view left = word.substr(0, colon);
  const size_t equals = left.find('=');
  Refusal refusal{.system_call = std::string(left.substr(0, equals)),
                  .error = static_cast<int>(*error)};
  if (equals != std::string_view::npos && !set_argument(refusal, left.substr(equals + 1)))
    return std::nullopt;
  for (const auto& [name, number] : kNewCalls) {
    if (refusal.system_call == name) refusal.system_call = std::to_string(number);
  }
  return refusal;
}

}  // namespace

std::span<const Profile> profiles() { return kProfiles; }

std::optional<std::vector<Refusal>> parse_refusals(std::string_view word) {
  for (const Profile& profile : kProfiles) {
    if (profile.name != word) continue;
    std::vector<Refusal> all;
    std::istringstream words{std::string(profile.rules)};
    for (std::string inner; words >> inner;) {
      const std::optional<std::vector<Refusal>> parsed = parse_refusals(inner);
      if (!parsed) return std::nullopt;
      all.insert(all.end(), parsed->begin(), parsed->end());
    }
    return all;
  }
  std::optional<Refusal> rule = parse_rule(word);
  if (!rule) return std::nullopt;
  return std::vector<Refusal>{*std::move(rule)};
}

}  // namespace libcopyfile::test
