// Unit attention conditions of one logical unit (SAM-5 5.14): what each initiator has still to be told.
#pragma once

#include <deque>
#include <map>
#include <mutex>
#include <optional>

#include "target/task.h"

namespace libcopyfile::target {

// Any thread.
class UnitAttentions {
 public:
  void add_nexus(NexusId nexus, wire::SenseCode first);
  void remove_nexus(NexusId nexus);
  // For everybody but `except` (0: for everybody). One that is waiting already is not added twice; each nexus holds a bounded number.
  void establish(wire::SenseCode code, NexusId except = 0);
  void establish_for(NexusId nexus, wire::SenseCode code);
  // The oldest one, which is thereby reported.
  std::optional<wire::SenseCode> take(NexusId nexus);
  std::optional<wire::SenseCode> look(NexusId nexus) const;

 private:
  static constexpr size_t kMost = 16;
  mutable std::mutex mutex_;
  std::map<NexusId, std::deque<wire::SenseCode>> waiting_;
};

}  // namespace libcopyfile::target
