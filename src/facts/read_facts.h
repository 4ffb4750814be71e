// Finds out what is true of a source and a destination. Few system calls: statx, fstatfs and fcntl on each side.
#pragma once

#include "facts/facts.h"

namespace libcopyfile {

// How much is worth asking.
enum class Detail : uint8_t {
  brief,  // what reading and writing a few KiB needs: identity, kind, access. The size is not trusted, the rest unknown
  full,
};

// `ours`: see SideFacts.
Result<SideFacts> read_side(Files& files, int fd, bool ours, Detail detail = Detail::full);

// Puts two sides together. In full detail it asks about the machine and how much of a large source is cached.
Facts join_sides(Files& files, int in_fd, SideFacts in, SideFacts out, bool out_is_new,
                 Detail detail = Detail::full);

}  // namespace libcopyfile
