// Mounts a state and looks at it.
#pragma once

#include <string>

#include "base/fd.h"
#include "history.h"
#include "testing/scratch_fs.h"

namespace libcopyfile::test {

// The journal is replayed, the names are read, something is written, what a crash left is swept away, and it is unmounted.
// `image` is changed by that.
Observation observe(FsKind fs, const Fd& image, const History& history);

}  // namespace libcopyfile::test
