#include "sys/kernel_devices.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <array>
#include <climits>
#include <cstdio>
#include <cstdlib>

#include "base/fd.h"

namespace libcopyfile {
namespace {

// The first line of a file of sysfs; empty where there is none.
std::string line_of(const std::string& path) {
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return "";
  std::array<char, 64> text{};
  const ssize_t length = ::read(fd.get(), text.data(), text.size());
  std::string line(text.data(), static_cast<size_t>(length > 0 ? length : 0));
  return line.substr(0, line.find('\n'));
}

bool is_there(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

// The last part of where a link leads.
std::string leads_to(const std::string& path) {
  std::array<char, PATH_MAX> target{};
  const ssize_t length = ::readlink(path.c_str(), target.data(), target.size() - 1);
  const std::string text(target.data(), static_cast<size_t>(length > 0 ? length : 0));
  return text.substr(text.rfind('/') + 1);
}

// What stands below a disk that is none of its own: nobody but the kernel knows where its blocks are.
void find_kind(const std::string& disk, DiskNode& node) {
  constexpr std::array<std::array<const char*, 2>, 4> kMade{{{"/dm", "a device-mapper device"},
                                                             {"/md", "a RAID of the kernel"},
                                                             {"/loop", "a loop device"},
                                                             {"/bcache", "a cached device"}}};
  for (const auto& [mark, what] : kMade) {
    if (!is_there(disk + mark)) continue;
    node.why_not = what;
    return;
  }
  const std::string subsystem = leads_to(disk + "/device/subsystem");
  if (subsystem == "scsi") {
    node.kind = DiskKind::scsi;
  } else if (subsystem == "nvme" || subsystem == "nvme-subsystem") {
    // The second where the kernel has several paths to one namespace: commands take any of them.
    node.kind = DiskKind::nvme;
    node.controller = leads_to(disk + "/device");
  } else {
    node.why_not = subsystem.empty() ? "no disk of its own" : "a device of " + subsystem;
  }
}

}  // namespace

Result<DiskNode> KernelDevices::disk(int fd) {
  struct ::stat st {};
  if (::fstat(fd, &st) != 0) return fail(errno, Op::stat);
  if (!S_ISBLK(st.st_mode)) return fail(ENOTBLK, Op::stat);
  std::array<char, 64> link{};
  std::snprintf(link.data(), link.size(), "/sys/dev/block/%u:%u", major(st.st_rdev),
                minor(st.st_rdev));
  std::array<char, PATH_MAX> real{};
  if (::realpath(link.data(), real.data()) == nullptr) return fail(errno, Op::stat);
  std::string path = real.data();
  DiskNode node;
  if (is_there(path + "/partition")) {
    // Units of 512 bytes, whatever the device's blocks are.
    node.start = std::strtoull(line_of(path + "/start").c_str(), nullptr, 10) * 512;
    path.erase(path.rfind('/'));
  }
  node.disk = path.substr(path.rfind('/') + 1);
  find_kind(path, node);
  const std::string zoned = line_of(path + "/queue/zoned");
  node.zoned = !zoned.empty() && zoned != "none";
  return node;
}

Result<Fd> KernelDevices::claim(int fd, bool write) {
  std::array<char, 32> path{};
  std::snprintf(path.data(), path.size(), "/proc/self/fd/%d", fd);
  constexpr int kFlags = O_EXCL | O_CLOEXEC;
  int again = ::open(path.data(), (write ? O_RDWR : O_RDONLY) | kFlags);
  // Who may write need not be allowed to read.
  if (again < 0 && errno == EACCES && write) again = ::open(path.data(), O_WRONLY | kFlags);
  if (again < 0) return fail(errno, Op::open);
  return Fd(again);
}

Done KernelDevices::drop_cache(int fd) {
  if (::ioctl(fd, BLKFLSBUF, 0) != 0) return fail(errno, Op::sync);
  return {};
}

Result<std::unique_ptr<ScsiQueue>> KernelDevices::scsi_queue(int source, int destination) {
  return make_sg_queue(source, destination);
}

Result<std::unique_ptr<NvmeQueue>> KernelDevices::nvme_queue(int source, int destination) {
  return make_nvme_queue(source, destination);
}

}  // namespace libcopyfile
