#include "engine/learned.h"

namespace libcopyfile {

void Learned::recall(Facts& facts) const {
  const std::lock_guard lock(mutex_);
  const auto found = verdicts_.find(key(facts));
  if (found != verdicts_.end()) facts.learned = found->second;
  if (!off_.contains(facts.in.stat.mount) && !off_.contains(facts.out.stat.mount)) return;
  for (const MechanismId id : {MechanismId::reflink, MechanismId::copy_range}) {
    facts.learned[index_of(id)] = {Can::no, "turned off for this mount", 0};
  }
}

void Learned::turn_off(uint64_t mount) {
  const std::lock_guard lock(mutex_);
  off_.insert(mount);
}

void Learned::learn(const Facts& facts, MechanismId id, const Verdict& verdict) {
  if (facts.in.stat.mount == 0 || facts.out.stat.mount == 0) return;
  const std::lock_guard lock(mutex_);
  verdicts_[key(facts)][index_of(id)] = verdict;
}

}  // namespace libcopyfile
