// The texts of --help.
#pragma once

#include "copyfile/options.h"

namespace libcopyfile::app {

const char* help_text(Verb verb);

}  // namespace libcopyfile::app
