// Taking a damaged blob out of use.
#pragma once

#include "store/repository.h"

namespace libcopyfile::store {

// Moves the blob to quarantine/, durably. `fd`: the file that was found damaged; false if another one has its place by now. None:
// whatever is there. REQUIRES a repository opened for writing.
Result<bool> quarantine_blob(Repository& repository, const Digest& digest, const Fd* fd);

}  // namespace libcopyfile::store
