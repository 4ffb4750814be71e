#include <deque>

#include "sys/io_queue.h"

namespace libcopyfile {
namespace {

class SyncQueue final : public IoQueue {
 public:
  explicit SyncQueue(Files& files) : files_(files) {}

  Done submit(const IoRequest& r) override {
    const Result<size_t> n = r.kind == IoRequest::Kind::read
                                 ? files_.read(r.fd, {r.buffer, r.length}, r.offset, Cache::keep)
                                 : files_.write(r.fd, {r.buffer, r.length}, r.offset, Cache::keep);
    done_.push_back({r.tag, n ? 0 : n.error().code, n ? *n : 0});
    return {};
  }

  Result<size_t> reap(std::span<IoCompletion> completions) override {
    size_t count = 0;
    while (count < completions.size() && !done_.empty()) {
      completions[count++] = done_.front();
      done_.pop_front();
    }
    return count;
  }

 private:
  Files& files_;
  std::deque<IoCompletion> done_;
};

}  // namespace

std::unique_ptr<IoQueue> make_sync_queue(Files& files) {
  return std::make_unique<SyncQueue>(files);
}

}  // namespace libcopyfile
