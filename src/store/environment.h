// What a repository works with: the kernel, or what a test puts in its place, and the ways to copy.
#pragma once

#include "engine/copy_job.h"

namespace libcopyfile::store {

// Outlives whatever is given it. `learned` may be null.
struct Environment {
  System system;
  const Catalogue& catalogue;
  Learned* learned = nullptr;
};

}  // namespace libcopyfile::store
