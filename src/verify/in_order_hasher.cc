#include "verify/in_order_hasher.h"

#include <algorithm>

namespace libcopyfile {

bool InOrderHasher::is_next(uint64_t offset) const {
  return offset >= position_ && zeros_.end_of_run(position_) >= offset;
}

void InOrderHasher::enter() {
  const std::lock_guard lock(mutex_);
  ++workers_;
}

void InOrderHasher::leave() {
  const std::lock_guard lock(mutex_);
  --workers_;
  turn_.notify_all();
}

bool InOrderHasher::all_wait_in_vain() const {
  if (busy_ || waiting_.size() < workers_) return false;
  return std::none_of(waiting_.begin(), waiting_.end(), [this](uint64_t o) { return is_next(o); });
}

bool InOrderHasher::add(uint64_t offset, std::span<const std::byte> data, const GoOn& go_on) {
  std::unique_lock lock(mutex_);
  waiting_.push_back(offset);
  turn_.wait(lock, [&] {
    return offset < position_ || (!busy_ && is_next(offset)) || all_wait_in_vain();
  });
  waiting_.erase(std::find(waiting_.begin(), waiting_.end(), offset));
  if (!is_next(offset)) {
    give_up();
    return false;
  }
  busy_ = true;
  const uint64_t gap = offset - position_;
  lock.unlock();
  // Not under the lock: whoever leaves must not wait for a hole of a TiB.
  const bool good = hash_zeros(gap, go_on);
  if (good) hasher_.add(data);
  lock.lock();
  busy_ = false;
  if (good) {
    position_ = offset + data.size();
    turn_.notify_all();
  } else {
    give_up();
  }
  return good;
}

// Every offset that could still come lies before this position.
void InOrderHasher::give_up() {
  position_ = UINT64_MAX;
  turn_.notify_all();
}

bool InOrderHasher::hash_zeros(uint64_t count, const GoOn& go_on) {
  constexpr uint64_t kBetweenQuestions = uint64_t{128} << 20;  // less than 0.1 s
  while (count > 0) {
    const uint64_t n = std::min(count, kBetweenQuestions);
    hasher_.add_zeros(n);
    count -= n;
    if (count > 0 && !go_on()) return false;
  }
  return true;
}

Result<std::optional<Digest>> InOrderHasher::finish(uint64_t size, const GoOn& go_on) {
  const std::lock_guard lock(mutex_);
  if (!is_next(size) || !hash_zeros(size - position_, go_on)) return std::optional<Digest>();
  position_ = size;
  Result<Digest> digest = hasher_.finish();
  if (!digest) return fail(digest.error());
  return std::optional(*digest);
}

uint64_t InOrderHasher::position() const {
  const std::lock_guard lock(mutex_);
  return position_;
}

}  // namespace libcopyfile
