// What a command writes besides copies: reports and pictures.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace libcopyfile::app {

// Writes a file that appears complete or not at all, and replaces what has the name. A symbolic link is followed; a
// device or a pipe (/dev/stdout) is written to.
Done write_document(const std::string& path, std::string_view text);

}  // namespace libcopyfile::app
