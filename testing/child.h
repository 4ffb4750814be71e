// A copy of the test process: to be another user, to have less than others, or to do something at the same time. Unlike a
// thread it can be had where threads are refused.
#pragma once

#include <sys/types.h>

#include <functional>

namespace libcopyfile::test {

class Child {
 public:
  // Forks; the child ends with what `body` returns, which must be below 256. What it becomes it stays.
  explicit Child(const std::function<int()>& body);
  Child(Child&& other) noexcept;
  Child& operator=(Child&&) = delete;
  ~Child();
  // Its result; -1 where a signal ended it.
  int wait();

 private:
  pid_t pid_ = -1;
};

inline int in_child(const std::function<int()>& body) { return Child(body).wait(); }

}  // namespace libcopyfile::test
