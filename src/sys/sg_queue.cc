#include <scsi/sg.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "sys/kernel_devices.h"
#include "sys/thread.h"

namespace libcopyfile {
namespace {

constexpr unsigned kDepth = 8;

// What the kernel's SCSI layer says of a command that did not get through (scsi/scsi_status.h of the kernel).
int errno_of_host(unsigned host_status) {
  switch (host_status) {
    case 0x00: return 0;          // DID_OK
    case 0x01:                    // DID_NO_CONNECT
    case 0x04: return ENODEV;     // DID_BAD_TARGET
    case 0x03: return ETIMEDOUT;  // DID_TIME_OUT
    default: return EIO;
  }
}

constexpr unsigned kDriverTimeout = 0x06;

ScsiCompletion carry_out(int fd, const ScsiRequest& request) {
  ScsiCompletion completion;
  completion.tag = request.tag;
  sg_io_hdr header{};
  header.interface_id = 'S';
  header.cmd_len = static_cast<unsigned char>(request.cdb.size());
  header.cmdp = const_cast<unsigned char*>(request.cdb.data());
  header.dxfer_direction = SG_DXFER_NONE;
  if (!request.out.empty()) {
    header.dxfer_direction = SG_DXFER_TO_DEV;
    header.dxferp = const_cast<unsigned char*>(request.out.data());
    header.dxfer_len = static_cast<unsigned>(request.out.size());
  } else if (!request.in.empty()) {
    header.dxfer_direction = SG_DXFER_FROM_DEV;
    header.dxferp = request.in.data();
    header.dxfer_len = static_cast<unsigned>(request.in.size());
  }
  header.sbp = completion.sense.data();
  header.mx_sb_len = ScsiCompletion::kMaxSense;
  header.timeout = request.timeout_ms;
  // Not sent again after EINTR: the device may have carried it out. Threads of ours take no signals.
  if (::ioctl(fd, SG_IO, &header) != 0) {
    completion.error = errno;
    return completion;
  }
  completion.status = header.status;
  completion.sense_length = std::min<uint8_t>(header.sb_len_wr, ScsiCompletion::kMaxSense);
  const auto left = static_cast<size_t>(std::max(header.resid, 0));
  completion.received = request.in.size() - std::min(left, request.in.size());
  // A status is an answer of the device, whatever else is said of it.
  if (header.status != 0) return completion;
  completion.error = errno_of_host(header.host_status);
  if ((header.driver_status & 0x0f) == kDriverTimeout) completion.error = ETIMEDOUT;
  return completion;
}

class SgQueue final : public ScsiQueue {
 public:
  SgQueue(int source, int destination) : source_(source), destination_(destination) {}

  ~SgQueue() override {
    {
      const std::lock_guard lock(mutex_);
      ending_ = true;
    }
    work_.notify_all();
    workers_.clear();
  }

  unsigned depth() const override { return kDepth; }

  Done submit(const ScsiRequest& request) override {
    std::unique_lock lock(mutex_);
    ++under_way_;
    requests_.push_back(request);
    if (under_way_ > workers_.size()) {
      auto worker = Thread::start([this] { work(); });
      if (worker) workers_.push_back(std::move(*worker));
    }
    if (!workers_.empty()) {
      lock.unlock();
      work_.notify_one();
      return {};
    }
    // No thread is to be had: one after the other, then.
    const ScsiRequest now = requests_.front();
    requests_.pop_front();
    completions_.push_back(carry_out(fd_of(now), now));
    return {};
  }

  Result<size_t> reap(std::span<ScsiCompletion> store, unsigned wait_ms) override {
    std::unique_lock lock(mutex_);
    done_.wait_for(lock, std::chrono::milliseconds(wait_ms), [&] { return !completions_.empty(); });
    const size_t count = std::min(store.size(), completions_.size());
    for (size_t i = 0; i < count; ++i) {
      store[i] = completions_.front();
      completions_.pop_front();
    }
    under_way_ -= static_cast<unsigned>(count);
    return count;
  }

  uint64_t now_ms() const override {
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    return static_cast<uint64_t>(
        std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
  }

 private:
  int fd_of(const ScsiRequest& request) const {
    return request.unit == Unit::source ? source_ : destination_;
  }

  void work() {
    std::unique_lock lock(mutex_);
    for (;;) {
      work_.wait(lock, [&] { return ending_ || !requests_.empty(); });
      // What was accepted is carried out, also at the end: its buffers are waited for by nobody else.
      if (requests_.empty()) return;
      const ScsiRequest request = requests_.front();
      requests_.pop_front();
      lock.unlock();
      const ScsiCompletion completion = carry_out(fd_of(request), request);
      lock.lock();
      completions_.push_back(completion);
      done_.notify_one();
    }
  }

  const int source_;
  const int destination_;
  std::mutex mutex_;
  std::condition_variable work_, done_;
  std::deque<ScsiRequest> requests_;
  std::deque<ScsiCompletion> completions_;
  std::vector<Thread> workers_;
  unsigned under_way_ = 0;
  bool ending_ = false;
};

}  // namespace

std::unique_ptr<ScsiQueue> make_sg_queue(int source, int destination) {
  return std::make_unique<SgQueue>(source, destination);
}

}  // namespace libcopyfile
