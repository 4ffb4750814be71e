#include <liburing.h>

#include "sys/io_queue.h"

namespace libcopyfile {
namespace {

class UringQueue final : public IoQueue {
 public:
  UringQueue() = default;
  UringQueue(const UringQueue&) = delete;
  UringQueue& operator=(const UringQueue&) = delete;

  ~UringQueue() override {
    // The buffers belong to the caller, who frees them next: nothing may still be under way.
    IoCompletion sink[16];
    while (under_way_ > 0 && reap(sink)) {
    }
    if (ready_) ::io_uring_queue_exit(&ring_);
  }

  Done init(unsigned depth) {
    const int rc = ::io_uring_queue_init(depth, &ring_, 0);
    if (rc < 0) return fail(-rc, Op::queue);
    ready_ = true;
    return {};
  }

  Done submit(const IoRequest& r) override {
    io_uring_sqe* sqe = ::io_uring_get_sqe(&ring_);
    if (sqe == nullptr) return fail(EBUSY, Op::queue);
    const auto length = static_cast<unsigned>(r.length);
    if (r.kind == IoRequest::Kind::read) {
      ::io_uring_prep_read(sqe, r.fd, r.buffer, length, r.offset);
    } else {
      ::io_uring_prep_write(sqe, r.fd, r.buffer, length, r.offset);
    }
    ::io_uring_sqe_set_data64(sqe, r.tag);
    for (;;) {
      const int rc = ::io_uring_submit(&ring_);
      if (rc >= 0) break;
      if (rc != -EINTR && rc != -EAGAIN) return fail(-rc, Op::queue);
    }
    ++under_way_;
    return {};
  }

  Result<size_t> reap(std::span<IoCompletion> completions) override {
    io_uring_cqe* cqe = nullptr;
    int rc = 0;
    do {
      rc = ::io_uring_wait_cqe(&ring_, &cqe);
    } while (rc == -EINTR || rc == -EAGAIN);
    if (rc < 0) return fail(-rc, Op::queue);
    size_t count = 0;
    while (count < completions.size() && ::io_uring_peek_cqe(&ring_, &cqe) == 0) {
      IoCompletion& c = completions[count++];
      c.tag = ::io_uring_cqe_get_data64(cqe);
      c.error = cqe->res < 0 ? -cqe->res : 0;
      c.count = cqe->res < 0 ? 0 : static_cast<size_t>(cqe->res);
      ::io_uring_cqe_seen(&ring_, cqe);
      --under_way_;
    }
    return count;
  }

 private:
  io_uring ring_{};
  bool ready_ = false;
  unsigned under_way_ = 0;
};

}  // namespace

Result<std::unique_ptr<IoQueue>> make_uring_queue(unsigned depth) {
  auto queue = std::make_unique<UringQueue>();
  if (Done ok = queue->init(depth); !ok) return fail(ok.error());
  return std::unique_ptr<IoQueue>(std::move(queue));
}

}  // namespace libcopyfile
