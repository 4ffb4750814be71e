#include "target/task_set.h"

#include <algorithm>

namespace libcopyfile::target {

TaskSet::Added TaskSet::add(const EntryPtr& entry) {
  const std::lock_guard lock(mutex_);
  if (entries_.size() >= kMost) return Added::full;
  switch (entry->attribute) {
    case Attribute::simple: entry->enabled = ordering_ == 0; break;
    case Attribute::ordered: entry->enabled = entries_.empty(); break;
    case Attribute::head_of_queue: entry->enabled = true; break;
  }
  if (entry->attribute != Attribute::simple) ++ordering_;
  if (entry->attribute == Attribute::head_of_queue) ++heads_;
  entry->at = entries_.insert(entries_.end(), entry);
  return entry->enabled ? Added::start : Added::wait;
}

bool TaskSet::settle(Entry& entry) {
  const std::lock_guard lock(mutex_);
  entry.ending = true;
  return entry.aborted;
}

void TaskSet::end(const EntryPtr& entry, std::vector<EntryPtr>& next) {
  std::vector<std::shared_ptr<Afterwards>> let_go;
  const std::lock_guard lock(mutex_);
  let_go.swap(entry->waiting);
  entries_.erase(entry->at);
  const bool nothing_waits = ordering_ == 0;
  if (entry->attribute != Attribute::simple) --ordering_;
  if (entry->attribute == Attribute::head_of_queue) --heads_;
  if (nothing_waits) return;

  // SAM-5 8.6: ordered ones wait for all that are older, simple ones for older ordered ones and for every head of queue.
  bool first = true;
  for (const EntryPtr& waiting : entries_) {
    const bool ordered = waiting->attribute == Attribute::ordered;
    const bool may = ordered ? first : heads_ == 0;
    if (!waiting->enabled && !waiting->aborted && may) {
      waiting->enabled = true;
      next.push_back(waiting);
    }
    if (ordered) break;
    first = false;
  }
}

TaskSet::Aborted TaskSet::abort(const std::function<bool(const Entry&)>& which,
                                const std::shared_ptr<Afterwards>& after) {
  Aborted result;
  const std::lock_guard lock(mutex_);
  for (const EntryPtr& entry : entries_) {
    if (!which(*entry)) continue;
    if (after) entry->waiting.push_back(after);
    ++result.found;
    // What already answers is not aborted: its answer goes out before that of the task management function.
    if (entry->ending) continue;
    const bool before = entry->aborted.exchange(true);
    if (!entry->enabled && !before) result.not_started.push_back(entry);
    if (std::ranges::find(result.nexuses, entry->nexus_id) == result.nexuses.end()) {
      result.nexuses.push_back(entry->nexus_id);
    }
  }
  return result;
}

size_t TaskSet::size() const {
  const std::lock_guard lock(mutex_);
  return entries_.size();
}

}  // namespace libcopyfile::target
