// Runs a program whose fsync(2), fdatasync(2) and syncfs(2) succeed without doing anything: proof that a suite which finds
// nothing wrong would have found that. By seccomp's notification, so that neither the program nor its libraries take part.
// With the syncs of files goes sync_file_range(2): the write-back that it starts is no promise, but is often in time.
#pragma once

#include <string>
#include <vector>

#include "testing/process.h"

namespace libcopyfile::test {

enum class Swallow : uint8_t {
  files,        // syncs of whatever is no directory, and of whole file systems
  directories,  // syncs of directories
};

// Throws ScratchError where the kernel does not allow it, or where there was no sync to swallow.
Finished run_swallowing(Swallow which, const std::vector<std::string>& argv);

}  // namespace libcopyfile::test
