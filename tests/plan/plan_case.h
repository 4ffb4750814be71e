// The table of the golden plans: facts, extents and options of one decision, under a name.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "facts/facts.h"
#include "plan/plan.h"
#include "testing/islands.h"

namespace libcopyfile::test {

struct PlanCase {
  std::string name;   // of the golden file
  std::string shows;  // what a reader should look for
  Facts facts;
  PlanRequest request;
  std::optional<Layout> layout;  // of the source; absent: no map is read
};

std::vector<PlanCase> whole_file_cases();
std::vector<PlanCase> range_cases();
std::vector<PlanCase> disk_cases();
std::vector<PlanCase> kind_cases();  // streams, devices, file systems, the page cache

// What the cases are made from.
namespace world {

struct Fs {
  uint64_t magic;
  FsClass fs_class;
};
inline constexpr Fs kExt4{0xef53, FsClass::local};
inline constexpr Fs kXfs{0x58465342, FsClass::local};
inline constexpr Fs kNfs{0x6969, FsClass::remote};
inline constexpr Fs kFuse{0x65735546, FsClass::user};
inline constexpr Fs kProc{0x9fa0, FsClass::made_up};

inline constexpr uint64_t kKiB = 1024;
inline constexpr uint64_t kMiB = 1024 * kKiB;
inline constexpr uint64_t kGiB = 1024 * kMiB;

// A file of the command's own opening, to become a new file on the same mount. All of it is in the page cache.
PlanCase whole_file(std::string name, std::string shows, Fs fs, uint64_t size);
// Ranges between two descriptors of a caller, on one mount.
PlanCase ranges(std::string name, std::string shows, Fs fs, uint64_t in_size, uint64_t out_size,
                std::vector<CopyRange> ranges);

// Changes to a case, for initialisers: `with(case, [](PlanCase& c) { ... })`.
template <class Change>
PlanCase with(PlanCase c, Change change) {
  change(c);
  return c;
}

void move_to(SideFacts& side, Fs fs);
void refuse(PlanCase& c, MechanismId id, int code, std::string reason);

}  // namespace world
}  // namespace libcopyfile::test
