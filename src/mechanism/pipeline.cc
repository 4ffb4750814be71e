#include "mechanism/pipeline.h"

namespace libcopyfile {

Batch* BatchRing::wait_empty() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return full_ < batches_.size() || given_up_; });
  if (given_up_) return nullptr;
  return &batches_[read_at_];
}

void BatchRing::put_full() {
  const std::lock_guard lock(mutex_);
  read_at_ = (read_at_ + 1) % batches_.size();
  ++full_;
  changed_.notify_one();
}

Batch& BatchRing::wait_full() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return full_ > 0; });
  return batches_[write_at_];
}

void BatchRing::put_empty() {
  const std::lock_guard lock(mutex_);
  write_at_ = (write_at_ + 1) % batches_.size();
  --full_;
  changed_.notify_one();
}

void BatchRing::give_up() {
  const std::lock_guard lock(mutex_);
  given_up_ = true;
  changed_.notify_one();
}

}  // namespace libcopyfile
