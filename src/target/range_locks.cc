#include "target/range_locks.h"

#include <functional>
#include <utility>

namespace libcopyfile::target {

RangeLocks::Hold::Hold(Hold&& other) noexcept
    : locks_(std::exchange(other.locks_, nullptr)), number_(other.number_) {}

RangeLocks::Hold& RangeLocks::Hold::operator=(Hold&& other) noexcept {
  if (this == &other) return *this;
  if (locks_ != nullptr) locks_->release(number_);
  locks_ = std::exchange(other.locks_, nullptr);
  number_ = other.number_;
  return *this;
}

RangeLocks::Hold::~Hold() {
  if (locks_ != nullptr) locks_->release(number_);
}

RangeLocks::Hold RangeLocks::acquire(Range range, Mode mode) {
  std::unique_lock lock(mutex_);
  return wait_for(lock, enter({Part{range, mode}, Part{}}));
}

RangeLocks::Hold RangeLocks::try_acquire(Range range, Mode mode) {
  const std::lock_guard lock(mutex_);
  const auto entry = enter({Part{range, mode}, Part{}});
  if (!waits(entry)) return granted(entry);
  entries_.erase(entry);
  return {};
}

RangeLocks::Hold RangeLocks::acquire_both(Range shared, Range exclusive) {
  std::unique_lock lock(mutex_);
  return wait_for(lock, enter({Part{shared, Mode::shared}, Part{exclusive, Mode::exclusive}}));
}

RangeLocks::Entries::iterator RangeLocks::enter(const std::array<Part, 2>& parts) {
  return entries_.insert(entries_.end(), Entry{next_++, parts});
}

bool RangeLocks::waits(Entries::const_iterator entry) const {
  for (auto earlier = entries_.begin(); earlier != entry; ++earlier) {
    for (const Part& theirs : earlier->parts) {
      for (const Part& ours : entry->parts) {
        const bool exclusive = ours.mode == Mode::exclusive || theirs.mode == Mode::exclusive;
        if (exclusive && ours.range.overlaps(theirs.range)) return true;
      }
    }
  }
  return false;
}

RangeLocks::Hold RangeLocks::wait_for(std::unique_lock<std::mutex>& lock, Entries::iterator entry) {
  ++waiting_;
  changed_.wait(lock, [&] { return !waits(entry); });
  --waiting_;
  return granted(entry);
}

RangeLocks::Hold RangeLocks::granted(Entries::const_iterator entry) {
  Hold hold;
  hold.locks_ = this;
  hold.number_ = entry->number;
  return hold;
}

void RangeLocks::release(uint64_t number) {
  const std::lock_guard lock(mutex_);
  entries_.remove_if([number](const Entry& entry) { return entry.number == number; });
  if (waiting_ > 0) changed_.notify_all();
}

CopyHold acquire_for_copy(RangeLocks& from, Range source, RangeLocks& to, Range destination) {
  CopyHold hold;
  if (&from == &to) {
    hold.destination = to.acquire_both(source, destination);
    return hold;
  }
  // Everybody takes those of the lower address first: so nobody who holds there waits for one who waits for them.
  if (std::less<>()(&from, &to)) {
    hold.source = from.acquire(source, RangeLocks::Mode::shared);
    hold.destination = to.acquire(destination, RangeLocks::Mode::exclusive);
  } else {
    hold.destination = to.acquire(destination, RangeLocks::Mode::exclusive);
    hold.source = from.acquire(source, RangeLocks::Mode::shared);
  }
  return hold;
}

}  // namespace libcopyfile::target
