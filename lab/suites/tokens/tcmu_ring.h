// One disk of which this process is the device: the kernel puts SCSI commands into a ring of shared memory (TCMU), and takes the
// answers out of it.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/fd.h"
#include "sys/scsi_queue.h"

namespace libcopyfile::test {

class TcmuRing {
 public:
  // Carries out what `cdb` says. `data` is what the command brought, or what it will take back.
  using Answer =
      std::function<ScsiCompletion(std::span<const uint8_t> cdb, std::vector<uint8_t>& data)>;

  // /dev/uio`number`. Throws ScratchError.
  explicit TcmuRing(unsigned number);
  ~TcmuRing();
  TcmuRing(const TcmuRing&) = delete;
  TcmuRing& operator=(const TcmuRing&) = delete;

  // Readable when there is something to be served.
  int fd() const { return uio_.get(); }
  void serve(const Answer& answer);

 private:
  template <class T>
  T* at(uint64_t offset) const {
    return reinterpret_cast<T*>(memory_ + offset);
  }
  void carry_out(uint64_t entry, const Answer& answer) const;

  Fd uio_;
  std::byte* memory_ = nullptr;
  size_t size_ = 0;
};

}  // namespace libcopyfile::test
