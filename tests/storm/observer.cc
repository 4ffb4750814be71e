#include "observer.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/fd.h"

namespace libcopyfile::test {
namespace {

constexpr size_t kMostStrange = 20;

bool read_all(const Fd& fd, size_t size, std::string& text) {
  // One byte more than it should have: a file that is too long is seen, too.
  text.resize(size + 1);
  size_t done = 0;
  while (done < text.size()) {
    const ssize_t n =
        pread(fd.get(), text.data() + done, text.size() - done, static_cast<off_t>(done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    if (n == 0) break;
    done += static_cast<size_t>(n);
  }
  text.resize(done);
  return true;
}

struct Look {
  int version = -1;
  std::string fault;
};

Look look_at(const Watched& watched) {
  static thread_local std::string text;
  const Fd fd(open(watched.path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) {
    if (errno == ENOENT && watched.may_be_absent) return {};
    return {-1, watched.path + ": " + std::strerror(errno)};
  }
  struct stat found {};
  if (fstat(fd.get(), &found) != 0 || !read_all(fd, static_cast<size_t>(found.st_size), text)) {
    return {-1, watched.path + " cannot be read: " + std::strerror(errno)};
  }
  for (size_t i = 0; i < watched.complete.size(); ++i) {
    const std::string& wanted = *watched.complete[i];
    if (static_cast<size_t>(found.st_size) == wanted.size() && text == wanted) {
      return {static_cast<int>(i), {}};
    }
  }
  return {-1, watched.path + " has size " + std::to_string(found.st_size) + " and " +
                  std::to_string(text.size()) + " bytes, and is no complete file"};
}

}  // namespace

std::string fault_of(const Watched& watched) { return look_at(watched).fault; }

int version_of(const Watched& watched) { return look_at(watched).version; }

Observer::Observer(std::vector<Watched> watched)
    : watched_(std::move(watched)), thread_([this] { look(); }) {}

void Observer::stop() {
  stopping_ = true;
  if (thread_.joinable()) thread_.join();
}

void Observer::look() {
  for (size_t i = 0; !stopping_; i = (i + 1) % watched_.size()) {
    const Look seen = look_at(watched_[i]);
    ++looks_;
    if (!seen.fault.empty() && strange_.size() < kMostStrange) strange_.insert(seen.fault);
  }
}

}  // namespace libcopyfile::test
