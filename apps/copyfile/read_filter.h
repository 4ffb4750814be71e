// --exclude, --include, their files, and --files-from.
#pragma once

#include "copyfile/options.h"
#include "tree/filter.h"

namespace libcopyfile::app {

// False if a file can't be read or a rule is wrong, which has been told.
bool read_filter(const CpOptions& cp, Filter& filter);

}  // namespace libcopyfile::app
