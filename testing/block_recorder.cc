#include "testing/block_recorder.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>

#include "testing/block_log.h"
#include "testing/places.h"
#include "testing/private_mounts.h"
#include "testing/scratch_error.h"

namespace libcopyfile::test {
namespace {

// The kernel closes some files late; a device that is being detached still holds its image.
template <class Call>
bool until_not_busy(Call call) {
  for (int attempt = 0; attempt < 500; ++attempt) {
    if (call() == 0) return true;
    if (errno != EBUSY) return false;
    usleep(2000);
  }
  return false;
}

Fd open_served(const std::string& path, int flags) {
  Fd fd(open(path.c_str(), flags | O_CLOEXEC));
  if (!fd.valid()) throw ScratchError::of_errno("open " + path);
  return fd;
}

}  // namespace

BlockRecorder::BlockRecorder(const Fd& image, const Fd& log) {
  static std::atomic<int> number{0};
  mount_ = mount_root() + "/recorder" + std::to_string(++number);
  if (mkdir(mount_.c_str(), 0700) != 0 && errno != EEXIST) {
    throw ScratchError::of_errno("make the directory " + mount_);
  }
  const Fd fuse = open_served("/dev/fuse", O_RDWR);
  const std::string options =
      "fd=" + std::to_string(fuse.get()) + ",rootmode=40000,user_id=0,group_id=0";
  if (mount("recorder", mount_.c_str(), "fuse", 0, options.c_str()) != 0) {
    throw ScratchError::of_errno("mount fuse on " + mount_);
  }
  start_server(fuse, image, log);
  mark_ = open_served(mount_ + "/mark", O_WRONLY);
  loop_ = attach_loop(open_served(mount_ + "/image", O_RDWR), 512);
}

BlockRecorder::~BlockRecorder() {
  loop_.fd = Fd();  // frees itself
  mark_ = Fd();
  if (!until_not_busy([&] { return umount2(mount_.c_str(), 0); })) {
    umount2(mount_.c_str(), MNT_DETACH);
  }
  rmdir(mount_.c_str());
  server_life_ = Fd();
  while (server_ > 0 && waitpid(server_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

void BlockRecorder::start_server(const Fd& fuse, const Fd& image, const Fd& log) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) throw ScratchError::of_errno("make a pipe");
  const Fd read_end(ends[0]);
  server_life_ = Fd(ends[1]);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  // Out of the way first: each may stand where another is to go.
  Fd copies[4];
  const int sources[4] = {read_end.get(), fuse.get(), image.get(), log.get()};
  const int targets[4] = {0, 3, 4, 5};
  for (int i = 0; i < 4; ++i) {
    copies[i] = Fd(fcntl(sources[i], F_DUPFD_CLOEXEC, 10));
    posix_spawn_file_actions_adddup2(&actions, copies[i].get(), targets[i]);
  }
  std::string name = places::kBlockRecorder;
  char* argv[] = {name.data(), nullptr};
  const int code = posix_spawn(&server_, name.c_str(), &actions, nullptr, argv, environ);
  posix_spawn_file_actions_destroy(&actions);
  if (code != 0) throw ScratchError::of_errno("start " + name, code);
}

void BlockRecorder::mark(std::string_view text) {
  if (write(mark_.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    throw ScratchError::of_errno("mark '" + std::string(text) + "'");
  }
}

}  // namespace libcopyfile::test
