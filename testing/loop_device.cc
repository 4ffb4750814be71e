#include "testing/loop_device.h"

#include <fcntl.h>
#include <linux/loop.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>

#include "testing/scratch_error.h"

namespace libcopyfile::test {
namespace {

// mkfs.btrfs takes two loop devices whose images have one name for one and the same.
std::string image_name() {
  static std::atomic<int> number{0};
  return "scratch-" + std::to_string(getpid()) + "-" + std::to_string(++number);
}

}  // namespace

Fd make_image(uint64_t size, const std::string& directory) {
  // A memfd is better than a file in /dev/shm: containers limit /dev/shm to 64 MiB, and nothing is left to delete.
  Fd image(directory.empty() ? memfd_create(image_name().c_str(), MFD_CLOEXEC)
                             : open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (!image.valid()) throw ScratchError::of_errno("make a disk image");
  if (ftruncate(image.get(), static_cast<off_t>(size)) != 0) {
    throw ScratchError::of_errno("make a disk image of " + std::to_string(size) + " bytes");
  }
  return image;
}

LoopDevice attach_loop(const Fd& image, uint32_t block_size) {
  const Fd control(open("/dev/loop-control", O_RDWR | O_CLOEXEC));
  if (!control.valid()) throw ScratchError::of_errno("open /dev/loop-control");
  loop_config config{};
  config.fd = static_cast<uint32_t>(image.get());
  config.block_size = block_size;
  config.info.lo_flags = LO_FLAGS_AUTOCLEAR;
  // Between asking for a free device and taking it, another test program may take it.
  for (int attempt = 0; attempt < 200; ++attempt) {
    const int number = ioctl(control.get(), LOOP_CTL_GET_FREE);
    if (number < 0) throw ScratchError::of_errno("find a free loop device");
    LoopDevice device{"/dev/loop" + std::to_string(number), Fd()};
    device.fd = Fd(open(device.path.c_str(), O_RDWR | O_CLOEXEC));
    if (!device.fd.valid()) throw ScratchError::of_errno("open " + device.path);
    if (ioctl(device.fd.get(), LOOP_CONFIGURE, &config) == 0) return device;
    if (errno != EBUSY) throw ScratchError::of_errno("attach an image to " + device.path);
    usleep(5000);
  }
  throw ScratchError("cannot get a loop device: every free one was taken by somebody else");
}

std::optional<std::pair<uint64_t, uint64_t>> image_of_loop(const std::string& path) {
  const Fd device(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  loop_info64 info{};
  if (!device.valid() || ioctl(device.get(), LOOP_GET_STATUS64, &info) != 0) return std::nullopt;
  return std::pair<uint64_t, uint64_t>{info.lo_device, info.lo_inode};
}

}  // namespace libcopyfile::test
