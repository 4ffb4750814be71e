#include "recording.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "testing/block_recorder.h"
#include "testing/loop_device.h"
#include "testing/private_mounts.h"
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

class Mounted {
 public:
  Mounted(FsKind fs, const std::string& device, const std::string& path) : path_(path) {
    mkdir(path.c_str(), 0755);
    if (mount(device.c_str(), path.c_str(), std::string(name_of(fs)).c_str(), 0, "") != 0) {
      throw ScratchError::of_errno("mount " + device);
    }
  }
  ~Mounted() {
    for (int attempt = 0; attempt < 500 && umount2(path_.c_str(), 0) != 0; ++attempt) {
      if (errno != EBUSY) return;
      usleep(2000);
    }
  }
  Mounted(const Mounted&) = delete;
  Mounted& operator=(const Mounted&) = delete;

 private:
  std::string path_;
};

Fd memory_file(const char* name) {
  Fd fd(memfd_create(name, MFD_CLOEXEC));
  if (!fd.valid()) throw ScratchError::of_errno("make a file in memory");
  return fd;
}

void write_sparse(const std::string& path, const Fd& from) {
  const Fd fd(open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!fd.valid() || ftruncate(fd.get(), static_cast<off_t>(size_of(from))) != 0) {
    throw ScratchError::of_errno("make " + path);
  }
  copy_sparse(from, Mapping(fd.get(), size_of(from)).bytes());
}

Fd open_saved(const std::string& path) {
  Fd fd(open(path.c_str(), O_RDWR | O_CLOEXEC));
  if (!fd.valid()) throw ScratchError::of_errno("open " + path);
  return fd;
}

void run_steps(const Workload& workload, const Scene& scene, BlockRecorder& recorder) {
  for (size_t i = 0; i < workload.acts.size(); ++i) {
    recorder.mark("begin");
    workload.acts[i](scene);
    recorder.mark("end");
  }
}

}  // namespace

Recording record(const Job& job, const Workload& workload) {
  const Scene scene{job.fs, mount_root() + "/recorded", mount_root() + "/outside"};
  mkdir(scene.outside.c_str(), 0755);
  const Fd image = make_image(image_size(job.fs), {});
  {
    const LoopDevice loop = attach_loop(image, 512);
    format_device(job.fs, loop.path, mkfs_arguments(job.fs));
    const Mounted mounted(job.fs, loop.path, scene.root);
    workload.prepare(scene);
  }
  Recording result;
  result.job = job;
  result.before = make_image(size_of(image), {});
  copy_sparse(image, Mapping(result.before.get(), size_of(image)).bytes());
  result.log_file = memory_file("log");
  {
    BlockRecorder recorder(image, result.log_file);
    const Mounted mounted(job.fs, recorder.device(), scene.root);
    run_steps(workload, scene, recorder);
  }
  result.read_log();
  return result;
}

void Recording::read_log() {
  log = Mapping(log_file.get(), size_of(log_file));
  events = parse_block_log(log.bytes());
  Moment now;
  size_t last = 0;
  for (size_t i = 0; i < events.size(); ++i) {
    moments.push_back(now);
    if (events[i].op != BlockOp::mark) continue;
    (events[i].text() == "begin" ? now.begun : now.ended) += 1;
    last = i + 1;
  }
  events.resize(last);
  moments.resize(last);
  moments.push_back(now);
}

void Recording::save(const std::string& directory) const {
  if (mkdir(directory.c_str(), 0755) != 0 && errno != EEXIST) {
    throw ScratchError::of_errno("make the directory " + directory);
  }
  write_sparse(directory + "/before", before);
  write_sparse(directory + "/log", log_file);
}

Recording Recording::load(const Job& job, const std::string& directory) {
  Recording result;
  result.job = job;
  result.before = open_saved(directory + "/before");
  result.log_file = open_saved(directory + "/log");
  result.read_log();
  return result;
}

}  // namespace libcopyfile::test
