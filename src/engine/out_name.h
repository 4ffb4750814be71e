// Where a destination path leads: an open directory and the name in it that will be published.
#pragma once

#include <optional>
#include <string>

#include "base/error.h"
#include "base/fd.h"
#include "sys/names.h"

namespace libcopyfile {

struct OutName {
  // Opened before anything is written, so that nobody can swap the path under the copy; none where it is the caller's.
  Fd opened;
  int dir = kCurrentDirectory;
  std::string name;
  std::optional<FileStat> existing;  // what has the name now; symbolic links are not followed
};

// `follow`: a symbolic link at the end is followed to the name that it stands for, which must exist (ENOENT for a dangling
// link, as cp refuses those; ELOOP after 40; EBUSY for a link of procfs, such as /dev/stdout: replacing the name of a file that
// somebody has open would leave it open and empty). `parent`, unless negative: the directory part of `path`, open already, and
// for as long as the result is used. Other errors: EISDIR for a path that ends in a slash or names a directory itself,
// and those of openat(2).
Result<OutName> resolve_out(Files& files, Names& names, int dir, const std::string& path,
                            bool follow, int parent = -1);

}  // namespace libcopyfile
