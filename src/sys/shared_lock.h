// A lock that several may have at once.
#pragma once

#include "base/error.h"

namespace libcopyfile {

// flock(2) LOCK_SH | LOCK_NB: the opposite of Files::lock(). EWOULDBLOCK where another open file has it for itself.
Done lock_shared(int fd);

}  // namespace libcopyfile
