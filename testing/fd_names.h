// Names for descriptors, so that rules and logs say "source" and not 17. Safe from several threads.
#pragma once

#include <map>
#include <mutex>
#include <string>

namespace libcopyfile::test {

class FdNames {
 public:
  void set(int fd, std::string name) {
    const std::lock_guard lock(mutex_);
    names_[fd] = std::move(name);
  }
  // "fd 17" where it has no name.
  std::string get(int fd) const {
    const std::lock_guard lock(mutex_);
    const auto found = names_.find(fd);
    return found != names_.end() ? found->second : "fd " + std::to_string(fd);
  }

 private:
  mutable std::mutex mutex_;
  std::map<int, std::string> names_;
};

}  // namespace libcopyfile::test
