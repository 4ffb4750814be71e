#include "testing/scratch_fs.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cctype>
#include <cstdio>

#include "testing/liar.h"
#include "testing/loop_device.h"
#include "testing/private_mounts.h"
#include "testing/process.h"
#include "testing/scratch_error.h"

namespace libcopyfile::test {
namespace {

constexpr uint64_t kMiB = 1 << 20;

constexpr std::array kNames{"ext4", "xfs", "btrfs", "tmpfs", "overlay", "fuse"};

void make_directory(const std::string& path) {
  if (mkdir(path.c_str(), 0755) != 0 && errno != EEXIST)
    throw ScratchError::of_errno("make the directory " + path);
}

}  // namespace

void format_device(FsKind kind, const std::string& device,
                   const std::vector<std::string>& arguments) {
  std::vector<std::string> argv;
  switch (kind) {
    // The image is all zeros, so neither zeroing nor discarding it is needed; without this, ext4 would go on writing
    // inode tables in the background while a test measures.
    case FsKind::ext4:
      argv = {"mkfs.ext4", "-q", "-F", "-E", "nodiscard,assume_storage_prezeroed=1"};
      break;
    case FsKind::xfs: argv = {"mkfs.xfs", "-q", "-f", "-K", "-m", "reflink=1"}; break;
    case FsKind::btrfs: argv = {"mkfs.btrfs", "-q", "-f", "-K"}; break;
    default: throw ScratchError(std::string(name_of(kind)) + " has no device");
  }
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  argv.push_back(device);
  const Finished done = run(argv);
  if (!done.ok()) throw ScratchError(argv[0] + " failed: " + done.err + done.out);
}

std::string_view name_of(FsKind kind) { return kNames[static_cast<size_t>(kind)]; }

FsKind kind_from(std::string_view name) {
  for (const FsKind kind : kAllFs) {
    if (name_of(kind) == name) return kind;
  }
  throw ScratchError("there is no scratch file system '" + std::string(name) + "'");
}

std::string variable_of(FsKind kind) {
  std::string name = "SCRATCH_" + std::string(name_of(kind));
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return std::toupper(c); });
  return name;
}

std::ostream& operator<<(std::ostream& out, FsKind kind) { return out << name_of(kind); }

ScratchFs::ScratchFs(FsKind kind, std::string_view mount_name) : kind_(kind) {
  static std::atomic<int> number{0};
  path_ = mount_root() + "/" + std::string(mount_name) + std::to_string(++number);
  make_directory(path_);
}

ScratchFs::ScratchFs(ScratchFs&& other) noexcept
    : kind_(other.kind_),
      path_(std::exchange(other.path_, {})),
      lower_(std::move(other.lower_)),
      device_(std::move(other.device_)),
      mount_options_(std::move(other.mount_options_)),
      mounted_(std::exchange(other.mounted_, false)),
      adopted_(other.adopted_),
      base_(std::move(other.base_)),
      server_(std::exchange(other.server_, -1)),
      server_life_(std::move(other.server_life_)) {}

ScratchFs::~ScratchFs() {
  if (path_.empty() || adopted_) return;
  unmount_it();
  server_life_ = Fd();
  if (server_ > 0) {
    while (waitpid(server_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
  rmdir(path_.c_str());
}

void ScratchFs::mount_it(const std::string& source, const std::string& options) {
  const std::string type(name_of(kind_));
  if (mount(source.c_str(), path_.c_str(), type.c_str(), 0, options.c_str()) != 0) {
    throw ScratchError::of_errno("mount " + type + " from " + source + " with '" + options + "'");
  }
  mounted_ = true;
  mount_options_ = options;
}

void ScratchFs::unmount_it() noexcept {
  if (!mounted_) return;
  mounted_ = false;
  // The kernel closes some files late (delayed fput, the workers of a ring that has just ended).
  for (int attempt = 0; attempt < 100; ++attempt) {
    if (umount2(path_.c_str(), 0) == 0 || errno != EBUSY) return;
    usleep(2000);
  }
  std::fprintf(stderr, "%s is still in use; unmounting it lazily\n", path_.c_str());
  umount2(path_.c_str(), MNT_DETACH);
}

ScratchFs ScratchFs::on_loop(FsKind kind, uint64_t default_size, const ScratchOptions& options) {
  ScratchFs fs(kind, name_of(kind));
  const Fd image =
      make_image(options.size != 0 ? options.size : default_size, options.image_directory);
  LoopDevice device = attach_loop(image, options.sector);
  format_device(kind, device.path, options.mkfs);
  fs.mount_it(device.path, options.mount);
  fs.device_ = device.path;
  return fs;  // the mount keeps the device now, the device keeps the image
}

ScratchFs ScratchFs::ext4(const ScratchOptions& options) {
  return on_loop(FsKind::ext4, 256 * kMiB, options);
}

ScratchFs ScratchFs::xfs(const ScratchOptions& options) {
  return on_loop(FsKind::xfs, 320 * kMiB, options);
}

ScratchFs ScratchFs::btrfs(const ScratchOptions& options) {
  return on_loop(FsKind::btrfs, 256 * kMiB, options);
}

ScratchFs ScratchFs::tmpfs(const ScratchOptions& options) {
  ScratchFs fs(FsKind::tmpfs, "tmpfs");
  std::string text = "size=" + std::to_string(options.size != 0 ? options.size : 1024 * kMiB);
  if (!options.mount.empty()) text += "," + options.mount;
  fs.mount_it("scratch", text);
  return fs;
}

ScratchFs ScratchFs::overlay(const ScratchFs& base, const std::string& lower,
                             const ScratchOptions& options) {
  ScratchFs fs(FsKind::overlay, "overlay");
  static std::atomic<int> number{0};
  const std::string layers = base.file(".overlay" + std::to_string(++number));
  for (const char* part : {"", "/upper", "/work", "/lower"}) make_directory(layers + part);
  fs.lower_ = lower.empty() ? layers + "/lower" : lower;
  std::string text =
      "lowerdir=" + fs.lower_ + ",upperdir=" + layers + "/upper,workdir=" + layers + "/work";
  if (!options.mount.empty()) text += "," + options.mount;
  fs.mount_it("overlay", text);
  return fs;
}

ScratchFs ScratchFs::fuse(const ScratchFs* base, const std::vector<std::string>& arguments) {
  ScratchFs fs(FsKind::fuse, "fuse");
  fs.lower_ = base != nullptr ? base->file(".served") : fs.path_ + ".served";
  make_directory(fs.lower_);
  const Fd device(open("/dev/fuse", O_RDWR | O_CLOEXEC));
  if (!device.valid()) throw ScratchError::of_errno("open /dev/fuse");
  fs.mount_it("liar", "fd=" + std::to_string(device.get()) +
                          ",rootmode=40000,user_id=0,group_id=0,allow_other");
  fs.server_ = start_liar(device, fs.lower_, arguments, fs.server_life_);
  return fs;
}

ScratchFs ScratchFs::make(FsKind kind, const ScratchOptions& options) {
  switch (kind) {
    case FsKind::ext4: return ext4(options);
    case FsKind::xfs: return xfs(options);
    case FsKind::btrfs: return btrfs(options);
    case FsKind::tmpfs: return tmpfs(options);
    case FsKind::fuse: return fuse();
    case FsKind::overlay: break;
  }
  auto base = std::make_unique<ScratchFs>(xfs({.size = options.size}));
  ScratchFs fs = overlay(*base, {}, {.mount = options.mount});
  fs.base_ = std::move(base);
  return fs;
}

ScratchFs ScratchFs::adopt(FsKind kind, const std::string& path) {
  ScratchFs fs(kind);
  fs.path_ = path;
  fs.adopted_ = true;
  return fs;
}

void ScratchFs::set_read_only(bool read_only) {
  const unsigned long flags = MS_REMOUNT | (read_only ? MS_RDONLY : 0);
  if (mount("none", path_.c_str(), nullptr, flags, "") != 0) {
    throw ScratchError::of_errno("remount " + path_ + (read_only ? " read-only" : " writable"));
  }
}

void ScratchFs::remount() {
  if (device_.empty()) throw ScratchError("only a file system with a device can be mounted again");
  // Keeps the loop device between the two mounts.
  const Fd device(open(device_.c_str(), O_RDONLY | O_CLOEXEC));
  if (!device.valid()) throw ScratchError::of_errno("open " + device_);
  if (umount2(path_.c_str(), 0) != 0) throw ScratchError::of_errno("unmount " + path_);
  mounted_ = false;
  mount_it(device_, mount_options_);
}

void ScratchFs::leave_free(uint64_t bytes) {
  const std::string ballast = file(".ballast");
  const Fd fd(open(ballast.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!fd.valid()) throw ScratchError::of_errno("make " + ballast);
  // Each round allocates nearly all that is left: file systems need part of it for their own books.
  for (int round = 0; round < 200; ++round) {
    struct statvfs now {};
    if (syncfs(fd.get()) != 0 || fstatvfs(fd.get(), &now) != 0)
      throw ScratchError::of_errno("ask for free space");
    const uint64_t free = now.f_bfree * now.f_frsize;
    if (free <= bytes) return;
    const off_t end = lseek(fd.get(), 0, SEEK_END);
    for (uint64_t part = free - bytes;; part /= 2) {
      if (part < now.f_frsize) return;
      if (fallocate(fd.get(), 0, end, static_cast<off_t>(part)) == 0) break;
      if (errno != ENOSPC) throw ScratchError::of_errno("fill " + path_);
    }
  }
}

}  // namespace libcopyfile::test
