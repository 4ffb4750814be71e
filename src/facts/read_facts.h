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

// Puts two sides together. In full detail it asks about the machine.
Facts join_sides(SideFacts in, SideFacts out, bool out_is_new, Detail detail = Detail::full);

// What the servers of both say of copies. /proc has to be read for it, so only where one could copy to the other.
void ask_servers(Files& files, int in_fd, int out_fd, Facts& facts);

// Whether syncfs(2) on the destination tells what it lost: from Linux 5.8 on, for file systems that write their own data back.
bool sync_reports_errors(const Facts& facts);

// How much of a large source is in the page cache. The kernel looks at every page: 5 ms for a GiB, so only where it matters.
void ask_cached(Files& files, int in_fd, Facts& facts);

}  // namespace libcopyfile
