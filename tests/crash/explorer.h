// Every state that a power cut could leave: at each flush all that came before it; between two flushes, besides that, any
// part of what had not been flushed, in any order. Mounted, looked at and judged.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "recording.h"
#include "testing/power_cuts.h"

namespace libcopyfile::test {

struct StateId {
  size_t window = 0;    // the number of the flush before it
  uint64_t number = 0;  // 0: nothing of what was not flushed; else which random choice

  std::string text() const { return std::to_string(window) + "." + std::to_string(number); }
};

struct ExploreOptions {
  uint64_t seed = 1;
  size_t states = 100;          // how many different ones to look at, where there are so many
  std::optional<StateId> only;  // one again
  std::string keep;             // and its image, as it was before it was mounted, into this file
};

struct Findings {
  size_t states = 0;  // different ones
  size_t violations = 0;
  size_t mount_failures = 0;
  size_t torn = 0;       // names neither old nor new where nothing was promised
  size_t leftovers = 0;  // private files
  double seconds = 0;
  std::vector<std::string> examples;  // of violations and mount failures
};

class Explorer {
 public:
  Explorer(const Recording& recording, const History& history, ExploreOptions options);

  // Throws ScratchError.
  Findings run();

 private:
  void explore_settled(size_t index, CrashImage& image);
  void explore_choice(StateId id, CrashImage& image);
  Moment apply_choice(StateId id, CrashImage& image) const;
  const Observation& seen(CrashImage& image);
  void judge(StateId id, const Observation& observation, Moment moment);
  bool wanted(StateId id) const;
  uint64_t tries(const FlushWindow& window);

  const Recording& recording_;
  const History& history_;
  ExploreOptions options_;
  std::vector<FlushWindow> windows_;
  size_t all_writes_ = 0;
  size_t missing_ = 0;  // states, at the beginning of this pass
  double owed_ = 0;
  std::map<uint64_t, Observation> known_;  // by the fingerprint of the image
  Findings findings_;
};

}  // namespace libcopyfile::test
