// What comes behind the name of a file or a directory that was published.
#pragma once

#include <string>

#include "publish/pending_file.h"

namespace libcopyfile {

// Makes the names in the directory `dir` stable; errors tell of `name`.
Done sync_names(Files& files, Names& names, int dir, const std::string& name);

// Of what has just got its name in `dir`: how durable that is, and what failed on the way there. Nothing undoes the name.
Published after_naming(Files& files, Names& names, int dir, const std::string& name,
                       Durability durability);

}  // namespace libcopyfile
