// Mounts a state and looks at it.
#pragma once

#include <string>

#include "base/fd.h"
#include "history.h"
#include "workload.h"

namespace libcopyfile::test {

// The journal is replayed, the names are read, something is written, what a crash left is swept away, and it is unmounted.
// `image` is changed by that. Of a job of a repository it is the repository that is looked at (observe_store.h).
Observation observe(const Job& job, const Fd& image, const History& history);

// One file, link or tree: which of the versions it shows.
Seen look(const std::string& path, const std::vector<Version>& versions);

}  // namespace libcopyfile::test
