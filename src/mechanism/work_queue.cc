#include "mechanism/work_queue.h"

#include <algorithm>

namespace libcopyfile {

bool WorkQueue::take(Chunk& chunk) {
  // So that no chunk of a million tiny ranges is a long one.
  constexpr size_t kMostParts = 256;
  const std::lock_guard lock(mutex_);
  chunk.parts.clear();
  if (stopping_ || next_ == ranges_.size()) return false;
  // First what can fail for lack of memory: then nothing has been dealt out.
  turns_.emplace_back();
  chunk.parts.reserve(kMostParts);
  uint64_t room = chunk_size_;
  while (room > 0 && next_ < ranges_.size() && chunk.parts.size() < kMostParts) {
    const CopyRange part = ranges_[next_].part(offset_, room);
    chunk.parts.push_back(part);
    room -= part.length;
    offset_ += part.length;
    if (offset_ == ranges_[next_].length) {
      ++next_;
      offset_ = 0;
    }
  }
  chunk.sequence = first_ + turns_.size() - 1;
  return true;
}

void WorkQueue::finish(const Chunk& chunk, const Moved& outcome) {
  const std::lock_guard lock(mutex_);
  if (outcome.stop != Stop::complete && (!stopping_ || chunk.sequence < stopped_at_)) {
    stopping_ = true;
    stopped_at_ = chunk.sequence;
    result_.stop = outcome.stop;
    result_.error = outcome.error;
    result_.scope = outcome.scope;
  }
  turns_[chunk.sequence - first_] = {true, outcome.bytes};
  result_.holes += outcome.holes;
  // Told chunk by chunk, in the order of the ranges, however many have become complete at once.
  while (!turns_.empty() && turns_.front().done && (!stopping_ || first_ <= stopped_at_)) {
    const uint64_t bytes = turns_.front().bytes;
    turns_.pop_front();
    ++first_;
    result_.bytes += bytes;
    if (bytes == 0 || control_.moved(bytes)) continue;
    if (!stopping_ || stopped_at_ >= first_) result_.stop = Stop::cancelled;
    stopping_ = true;
    stopped_at_ = 0;
  }
}

bool WorkQueue::go_on() {
  const std::lock_guard lock(mutex_);
  // Where a later chunk found the end, what lies before it is wanted still.
  if (stopping_) return result_.stop == Stop::end_of_source;
  if (control_.moved(0)) return true;
  result_.stop = Stop::cancelled;
  stopping_ = true;
  stopped_at_ = 0;
  return false;
}

Moved WorkQueue::result() && {
  // What was found to be zero behind the first gap is not counted, so neither are its holes.
  result_.holes = std::min(result_.holes, result_.bytes);
  return std::move(result_);
}

}  // namespace libcopyfile
