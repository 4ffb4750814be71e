// Asynchronous transfers in one form, whether io_uring does them or nobody: mechanisms that keep several transfers under
// way have one loop, and tests put a synchronous, a faulty or a recorded queue under it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/error.h"
#include "sys/files.h"

namespace libcopyfile {

struct IoRequest {
  enum class Kind : uint8_t { read, write } kind = Kind::read;
  int fd = -1;
  std::byte* buffer = nullptr;  // stays the queue's until the completion has been reaped
  size_t length = 0;
  uint64_t offset = 0;
  uint64_t tag = 0;  // comes back with the completion
};

struct IoCompletion {
  uint64_t tag = 0;
  int error = 0;     // an errno, or 0
  size_t count = 0;  // bytes moved, may be fewer than asked for
};

// One thread at a time. Destroying a queue waits for what is under way.
class IoQueue {
 public:
  virtual ~IoQueue() = default;
  // REQUIRES fewer than `depth` requests under way.
  virtual Done submit(const IoRequest& request) = 0;
  // Waits until at least one request is complete; stores as many completions as fit and returns how many.
  // REQUIRES at least one request under way.
  virtual Result<size_t> reap(std::span<IoCompletion> completions) = 0;
};

// Does each request within submit(), through `files`.
std::unique_ptr<IoQueue> make_sync_queue(Files& files);
// io_uring(7). EPERM, ENOSYS or ENOMEM where a container, a sysctl or RLIMIT_MEMLOCK forbids it.
Result<std::unique_ptr<IoQueue>> make_uring_queue(unsigned depth);

}  // namespace libcopyfile
