// The name under which a file that is replaced is kept: 'b~', or 'b.~3~'.
#pragma once

#include <string>

#include "sys/names.h"
#include "tree/tree_options.h"

namespace libcopyfile {

// For the file `name`, a path relative to `dir`. A simple name may be taken: its file is replaced, as by cp(1). A numbered one is
// one higher than the highest that is there. Backup::none is not asked for.
std::string backup_name(Names& names, int dir, const std::string& name, Backup kind,
                        const std::string& suffix);

}  // namespace libcopyfile
