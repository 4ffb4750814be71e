#include "testing/recorded_disk.h"

#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "testing/loop_device.h"
#include "testing/scratch_error.h"

namespace libcopyfile::test {
namespace {

constexpr uint64_t kMiB = 1 << 20;

// As small as each can be: an image is compared block by block after each state.
uint64_t image_size(FsKind fs) {
  switch (fs) {
    case FsKind::ext4: return 64 * kMiB;
    case FsKind::xfs: return 300 * kMiB;
    // Where there is little room for metadata, Btrfs commits all the time by itself, and who does not sync isn't caught.
    default: return 512 * kMiB;
  }
}

std::vector<std::string> mkfs_arguments(FsKind fs) {
  // Blocks of 4 KiB, as on a disk of usual size; so small a file system would get others.
  if (fs == FsKind::ext4) return {"-b", "4096"};
  return {};
}

Fd memory_file(const char* name) {
  Fd fd(memfd_create(name, MFD_CLOEXEC));
  if (!fd.valid()) throw ScratchError::of_errno("make a file in memory");
  return fd;
}

}  // namespace

MountedDisk::MountedDisk(FsKind fs, const std::string& device, const std::string& path)
    : path_(path) {
  mkdir(path.c_str(), 0755);
  if (mount(device.c_str(), path.c_str(), std::string(name_of(fs)).c_str(), 0, "") != 0) {
    throw ScratchError::of_errno("mount " + device);
  }
}

MountedDisk::~MountedDisk() {
  for (int attempt = 0; attempt < 500 && umount2(path_.c_str(), 0) != 0; ++attempt) {
    if (errno != EBUSY) return;
    usleep(2000);
  }
}

RecordedDisk record_disk(FsKind fs, const std::string& root, const std::function<void()>& prepare,
                         const std::function<void(BlockRecorder&)>& work) {
  const Fd image = make_image(image_size(fs), {});
  {
    const LoopDevice loop = attach_loop(image, 512);
    format_device(fs, loop.path, mkfs_arguments(fs));
    const MountedDisk mounted(fs, loop.path, root);
    prepare();
  }
  RecordedDisk disk{make_image(size_of(image), {}), memory_file("log")};
  copy_sparse(image, Mapping(disk.before.get(), size_of(image)).bytes());
  BlockRecorder recorder(image, disk.log_file);
  const MountedDisk mounted(fs, recorder.device(), root);
  work(recorder);
  return disk;
}

}  // namespace libcopyfile::test
