// Somebody who looks at destinations all the time, from a thread of its own: the size that stat tells, and every byte.
#pragma once

#include <atomic>
#include <cstdint>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace libcopyfile::test {

struct Watched {
  std::string path;
  std::vector<const std::string*> complete;  // what it may hold; they outlive the observer
  bool may_be_absent = true;
};

// What is wrong with the name at this moment, in words; empty if nothing is.
std::string fault_of(const Watched& watched);
// Which of `complete` it holds; -1 if there is no such file. Call where fault_of() finds nothing and nobody copies.
int version_of(const Watched& watched);

class Observer {
 public:
  explicit Observer(std::vector<Watched> watched);
  Observer(const Observer&) = delete;
  Observer& operator=(const Observer&) = delete;
  ~Observer() { stop(); }

  void stop();
  uint64_t looks() const { return looks_; }
  // Call after stop().
  const std::set<std::string>& strange() const { return strange_; }

 private:
  void look();

  std::vector<Watched> watched_;
  std::atomic<bool> stopping_{false};
  std::atomic<uint64_t> looks_{0};
  std::set<std::string> strange_;
  std::thread thread_;
};

}  // namespace libcopyfile::test
