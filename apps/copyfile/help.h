// The texts of --help.
#pragma once

#include <string>

#include "copyfile/options.h"

namespace libcopyfile::app {

std::string help_text(Verb verb);

}  // namespace libcopyfile::app
