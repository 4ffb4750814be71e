// -i: the questions of cp(1).
#pragma once

#include <string>

#include "sys/files.h"

namespace libcopyfile::app {

// Asks on standard error whether `to` may be overwritten; the answer is a line of standard input that begins with y or Y.
bool ask_to_overwrite(const std::string& to, const FileStat& existing, bool is_removed_first);

}  // namespace libcopyfile::app
