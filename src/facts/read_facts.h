// Finds out what is true of a source and a destination. Few system calls: statx, fstatfs and fcntl on each side.
#pragma once

#include "facts/facts.h"

namespace libcopyfile {

// `ours`: see SideFacts.
Result<SideFacts> read_side(Files& files, int fd, bool ours);

// Puts two sides together. Asks how much of a large source is cached.
Facts join_sides(Files& files, int in_fd, SideFacts in, SideFacts out, bool out_is_new);

}  // namespace libcopyfile
