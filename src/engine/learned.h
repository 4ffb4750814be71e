// What has been learned about pairs of mounts: shared by the copies of one caller, never by the process.
#pragma once

#include <map>
#include <mutex>
#include <set>
#include <utility>

#include "facts/facts.h"

namespace libcopyfile {

// Any thread at any time.
class Learned {
 public:
  // Fills in facts.learned for the mounts of facts.in and facts.out.
  void recall(Facts& facts) const;
  // Remembers that `id` can't be used between these mounts. Unknown mounts teach nothing.
  void learn(const Facts& facts, MechanismId id, const Verdict& verdict);
  // The switch: the storage below this mount (FileStat::mount) neither shares nor copies for us, as source or as destination.
  void turn_off(uint64_t mount);

 private:
  using Key = std::pair<uint64_t, uint64_t>;
  static Key key(const Facts& facts) { return {facts.in.stat.mount, facts.out.stat.mount}; }

  mutable std::mutex mutex_;
  std::map<Key, PerMechanism<Verdict>> verdicts_;
  std::set<uint64_t> off_;
};

}  // namespace libcopyfile
