// statx(2) to FileStat, for descriptors and for names.
#pragma once

#include "sys/files.h"

namespace libcopyfile {

// `flags` as statx(2)'s; an empty `name` with AT_EMPTY_PATH means `dir` itself. Falls back to fstatat(2) where statx is
// refused with ENOSYS or EPERM (old container filters).
Result<FileStat> stat_name(int dir, const char* name, int flags);

}  // namespace libcopyfile
