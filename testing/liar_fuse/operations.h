// The operations of the liar: the served directory, passed through, with faults on the way.
#pragma once

#define FUSE_USE_VERSION 314
#include <fuse3/fuse.h>

namespace libcopyfile::test {

const fuse_operations& liar_operations();

}  // namespace libcopyfile::test
