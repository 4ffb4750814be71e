#include "recording.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "testing/private_mounts.h"
#include "testing/recorded_disk.h"
#include "testing/scratch_error.h"

namespace libcopyfile::test {
namespace {

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
  RecordedDisk disk = record_disk(
      job.fs, scene.root, [&] { workload.prepare(scene); },
      [&](BlockRecorder& recorder) { run_steps(workload, scene, recorder); });
  Recording result;
  result.job = job;
  result.before = std::move(disk.before);
  result.log_file = std::move(disk.log_file);
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
