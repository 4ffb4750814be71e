// What the user wishes of the data. Read by the planner and by nobody below it. What must be true comes first, what only
// changes how fast it goes comes second.
#pragma once

#include <cstdint>

namespace libcopyfile {

enum class Sharing : uint8_t { automatic, always, never };
enum class Sparse : uint8_t { automatic, always, never };
enum class Offload : uint8_t { automatic, always };
enum class CachePolicy : uint8_t { automatic, keep, bypass };

struct DataOptions {
  // What must be true.
  Sharing sharing = Sharing::automatic;
  Sparse sparse = Sparse::automatic;
  Offload offload = Offload::automatic;
  bool exact = false;  // a range behind the end of the source is an error, not a short copy
  bool bytes_seen =
      false;  // all bytes should pass through memory, in order: a digest is computed meanwhile

  // How it goes.
  CachePolicy cache = CachePolicy::automatic;
  bool will_sync =
      false;  // the copy is made stable before it is named: its pages must reach the medium anyway
};

}  // namespace libcopyfile
