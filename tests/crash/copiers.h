// Those who copy while the file system is recorded: the command, the command with syncs swallowed, and two naive ones.
#pragma once

#include <string>
#include <vector>

#include "workload.h"

namespace libcopyfile::test {

struct CopyRequest {
  std::vector<std::string> options;  // of the command
  std::vector<std::string> sources;
  std::string destination;  // a name, or a directory that exists
};

// Throws ScratchError where the copy fails.
void copy_by(Copier copier, Level level, const CopyRequest& request);

}  // namespace libcopyfile::test
