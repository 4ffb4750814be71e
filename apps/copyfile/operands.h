// What the operands of a copy mean: each source with the name that it shall have, by the rules of cp(1).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "copyfile/options.h"
#include "sys/names.h"
#include "tree/tree_job.h"

namespace libcopyfile::app {

struct Operands {
  std::vector<TreeRoot> roots;
  // Where the destination is a directory that was there: then roots are named in it.
  std::optional<std::string> directory;
  bool is_own_backup =
      false;  // the destination is the backup of the source: of nothing else one is made
};

// Nothing if they make no sense, or the directory is none: `exit` is what to exit with then, and all has been told.
std::optional<Operands> read_operands(const Options& options, Names& names, int& exit);

}  // namespace libcopyfile::app
