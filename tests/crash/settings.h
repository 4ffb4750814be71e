// How much of the crash suite runs, from the environment:
//   COPYFILE_CRASH=full        thousands of states on each file system (./check --crash)
//   COPYFILE_CRASH_STATES=N    so many on each
//   COPYFILE_CRASH_SEED=N      which random ones
//   COPYFILE_CRASH_REPLAY=DIRECTORY [COPYFILE_CRASH_STATE=WINDOW.NUMBER [COPYFILE_CRASH_KEEP=FILE]]
//                              a recording that was saved for its violation, or one of its states
#pragma once

#include <optional>
#include <string>

#include "explorer.h"

namespace libcopyfile::test {

struct CrashSettings {
  bool full = false;
  size_t states =
      0;  // of the levels that promise something, on each file system; 0: as many as fit
  uint64_t seed = 1;
  std::string replay;
  std::optional<StateId> only;
  std::string keep;
};

// Throws ScratchError for what makes no sense.
CrashSettings crash_settings();
// Without looking at the rest: for the list of tests, which is made before main().
bool crash_suite_is_full();
// How many states to ask for, of which some turn out to be equal.
size_t states_asked(const CrashSettings& settings, FsKind fs);
// The same of trees, and of repositories, besides.
size_t tree_states_asked(const CrashSettings& settings, FsKind fs);
size_t store_states_asked(const CrashSettings& settings, FsKind fs);

}  // namespace libcopyfile::test
