// --backup, -b and -S, and the two variables of the environment that go with them.
#pragma once

#include <optional>
#include <string>

#include "tree/tree_options.h"

namespace libcopyfile::app {

struct BackupChoice {
  Backup kind = Backup::none;
  std::string suffix = "~";
};

// What is made of the arguments of --backup and --suffix, where given, as cp understands them. Nothing if a word is wrong, which
// has been told.
std::optional<BackupChoice> choose_backup(const std::optional<std::string>& control,
                                          const std::optional<std::string>& suffix);

}  // namespace libcopyfile::app
