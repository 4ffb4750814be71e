#include "neighbour.h"

#include <fcntl.h>
#include <linux/btrfs.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/fd.h"
#include "content.h"
#include "testing/scratch_error.h"

namespace libcopyfile::test {

void put_file(const std::string& path, uint32_t content, uint64_t size,
              const Attributes* attributes) {
  const Fd fd(open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (!fd.valid()) throw ScratchError::of_errno("make " + path);
  const std::string& text = stamped_content(content, size);
  if (write(fd.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    throw ScratchError::of_errno("write " + path);
  }
  if (attributes == nullptr) return;
  const timespec times[2] = {attributes->modified, attributes->modified};
  if (fchown(fd.get(), attributes->owner, attributes->group) != 0 ||
      fchmod(fd.get(), attributes->mode) != 0) {
    throw ScratchError::of_errno("set the attributes of " + path);
  }
  for (const auto& [name, value] : attributes->xattrs) {
    if (fsetxattr(fd.get(), name.c_str(), value.data(), value.size(), 0) != 0) {
      throw ScratchError::of_errno("set " + name + " of " + path);
    }
  }
  if (futimens(fd.get(), times) != 0) throw ScratchError::of_errno("set the times of " + path);
}

namespace {

void sync_path(const std::string& path, int flags) {
  const Fd fd(open(path.c_str(), flags | O_CLOEXEC));
  if (!fd.valid() || fsync(fd.get()) != 0) throw ScratchError::of_errno("sync " + path);
}

}  // namespace

void be_a_neighbour(const Scene& scene) {
  const std::string path = scene.root + "/neighbour";
  put_file(path, 9999, 4096, nullptr);
  sync_path(path, O_RDWR);
  if (scene.fs == FsKind::btrfs) {
    // An fsync logs one file only; this commits all, without writing back what is dirty.
    const Fd root(open(scene.root.c_str(), O_RDONLY | O_CLOEXEC));
    __u64 transaction = 0;
    if (ioctl(root.get(), BTRFS_IOC_START_SYNC, &transaction) != 0 ||
        ioctl(root.get(), BTRFS_IOC_WAIT_SYNC, &transaction) != 0) {
      throw ScratchError::of_errno("commit a transaction of btrfs");
    }
  }
}

void sync_directory(const Scene& scene) { sync_path(scene.root + "/d", O_RDONLY | O_DIRECTORY); }

void settle(const Scene& scene) {
  const Fd root(open(scene.root.c_str(), O_RDONLY | O_CLOEXEC));
  if (syncfs(root.get()) != 0) throw ScratchError::of_errno("sync a file system");
}

BusyNeighbour::BusyNeighbour(const Scene& scene) : pid_(fork()) {
  if (pid_ < 0) throw ScratchError::of_errno("fork");
  if (pid_ > 0) return;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  try {
    for (;;) {
      be_a_neighbour(scene);
      sync_directory(scene);
    }
  } catch (const ScratchError&) {
    _exit(1);
  }
}

BusyNeighbour::~BusyNeighbour() {
  kill(pid_, SIGKILL);
  while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

}  // namespace libcopyfile::test
