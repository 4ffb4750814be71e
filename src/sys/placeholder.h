// Descriptors for what the kernel has no open file of.
#pragma once

#include "base/fd.h"

namespace libcopyfile {

// An empty file without a name that is unlike any other (by device and inode), and stays empty: who reads it past the one who knows
// what it stands for gets nothing, and who writes to it fails.
Result<Fd> make_placeholder();
// Another descriptor of it.
Result<Fd> duplicate(int fd);

}  // namespace libcopyfile
