// Removes what a crash or a kill left of pending files and trees: private names (private_name.h) that nobody holds a lock on.
//
// A file or tree that is in use is never removed: its copy holds a lock for as long as it has a private name, and taking a
// private name is only complete with the lock (pending_file.cc, pending_directory.cc). Links and special files can't be locked,
// and have private names for an instant only: they go when they are a minute old. Nothing but such names, and what is in
// directories with such names, is touched, symbolic links are not followed, and no directory but `dir` and those below it, on
// the same file system, is opened.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/error.h"
#include "sys/attributes.h"
#include "sys/names.h"

namespace libcopyfile {

enum class Swept : uint8_t {
  removed,   // or would be (dry_run)
  in_use,    // a copy that is under way
  not_sure,  // the file system has no locks: whether it is in use can't be told
  failed,
};

struct SweepOptions {
  bool recursive = false;
  bool dry_run = false;
  bool not_sure_too =
      false;  // remove what can't be locked as well; the caller knows that no copy is under way
  // Called for each private file, and with `failed` for a directory that could not be read. False ends the sweep.
  std::function<bool(const std::string& path, Swept what, uint64_t size, int code)> found;
};

struct SweepReport {
  uint64_t removed = 0;
  uint64_t bytes = 0;  // of the files removed, as stored; what is in trees is not counted
  uint64_t in_use = 0;
  uint64_t not_sure = 0;
  uint64_t failed = 0;
};

// `dir` is open for reading; `path` is what it is called in what is reported. Fails only where `dir` itself can't be read.
Result<SweepReport> sweep(Files& files, Names& names, Attributes& attributes, int dir,
                          const std::string& path, const SweepOptions& options);

}  // namespace libcopyfile
