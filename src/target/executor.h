// The threads that work for a target: some for reads and writes, fewer and of lower priority for copies, so that copies never
// starve I/O (ESXi keeps 8 of them in flight).
#pragma once

#include <functional>
#include <memory>

#include "base/error.h"

namespace libcopyfile::target {

// Any thread at any time. The queues are bounded: a full one refuses.
class Executor {
 public:
  struct Options {
    unsigned io_threads = 4;
    unsigned copy_threads = 2;
    size_t io_queue = 4096;
    size_t copy_queue = 256;
  };
  static Result<std::unique_ptr<Executor>> create(const Options& options);
  // Carries out what is queued, and ends.
  ~Executor();
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  // False where the queue is full: TASK SET FULL.
  bool run_io(std::function<void()> work);
  bool run_copy(std::function<void()> work);
  unsigned copies_queued() const;

 private:
  struct Pool;
  Executor();
  std::unique_ptr<Pool> io_, copy_;
};

}  // namespace libcopyfile::target
