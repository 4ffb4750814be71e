#include "engine/learned.h"

namespace libcopyfile {

void Learned::recall(Facts& facts) const {
  const std::lock_guard lock(mutex_);
  const auto found = verdicts_.find(key(facts));
  if (found != verdicts_.end()) facts.learned = found->second;
}

void Learned::learn(const Facts& facts, MechanismId id, const Verdict& verdict) {
  if (facts.in.stat.mount == 0 || facts.out.stat.mount == 0) return;
  const std::lock_guard lock(mutex_);
  verdicts_[key(facts)][index_of(id)] = verdict;
}

}  // namespace libcopyfile
