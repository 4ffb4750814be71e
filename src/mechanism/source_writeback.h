// The price that a source pays for being cloned.
#pragma once

#include <span>

#include "mechanism/mechanism.h"

namespace libcopyfile {

// A clone, and a copy by a server, writes the dirty source back and waits for that with the inode locked: whoever writes to the
// source stands still for as long (seconds, with GiBs of it dirty). This does the same before, without the lock, until what has
// become dirty meanwhile takes no time worth speaking of. Small and clean sources cost next to nothing. Errors are the
// clone's to tell. False if the job is to stop.
bool write_back_source(Pair& pair, std::span<const CopyRange> ranges);

}  // namespace libcopyfile
