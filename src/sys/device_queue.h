// Commands to the two devices of a copy. This interface is the seam at which the kernel, a library and a device in process are
// interchangeable, whatever the protocol: several commands may be under way, and one loop serves both devices.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/error.h"

namespace libcopyfile {

// Which of the two a command is for. They may be one and the same.
enum class Unit : uint8_t { source, destination };

// A request says which unit it is for, how long it may take (`timeout_ms`), and has a `tag` that comes back with its completion.
// One thread at a time. Destroying a queue waits for what is under way.
template <class Request, class Completion>
class DeviceQueue {
 public:
  virtual ~DeviceQueue() = default;
  // How many commands may be under way.
  virtual unsigned depth() const = 0;
  // REQUIRES fewer than depth() commands under way.
  virtual Done submit(const Request& request) = 0;
  // Asks for a command under way to be given up by the device; false where there is no way to. Its completion comes in any case.
  virtual bool abort(uint64_t /*tag*/) { return false; }
  // Whether transact() has the caller's own thread wait for the device, and wakes no other for it.
  virtual bool transacts_here() const { return false; }
  // One command and its answer. REQUIRES nothing under way.
  virtual Result<Completion> transact(const Request& request) {
    if (Done sent = submit(request); !sent) return fail(sent.error());
    Completion completion;
    for (;;) {
      const Result<size_t> count = reap({&completion, 1}, request.timeout_ms);
      if (!count) return fail(count.error());
      if (*count == 1) return completion;
    }
  }
  // Waits until a command is complete, at most `wait_ms`; stores as many completions as fit and returns how many. With nothing
  // under way it sleeps. A failure is the end of the queue: nothing is under way behind it.
  virtual Result<size_t> reap(std::span<Completion> store, unsigned wait_ms) = 0;
  // The clock by which it waits.
  virtual uint64_t now_ms() const = 0;
};

}  // namespace libcopyfile
