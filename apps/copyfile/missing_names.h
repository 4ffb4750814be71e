// What --files-from lists and is not there: no walk would ever meet it, so nothing else speaks of it.
#pragma once

#include <string>
#include <vector>

#include "sys/names.h"
#include "tree/name_list.h"

namespace libcopyfile::app {

struct MissingName {
  std::string path;  // of the source and the name in it
  int code =
      0;  // ENOENT; ENOTDIR where something on the way is no directory, a symbolic link to one included
};
std::vector<MissingName> missing_names(Names& names, const std::string& source,
                                       const NameList& list);

}  // namespace libcopyfile::app
