// Maps for programs: one JSON object a file, on one line.
#pragma once

#include <string>

#include "copyfile/map_file.h"

namespace libcopyfile::app {

// {"file": ..., "size": N, "allocated": N, "fiemap": true, "extent_count": N, "bytes": {...}, "extents": [{"start": N,
// "length": N, "kind": "data", "shared": false, "physical": N}, ...]}. What is not known is null. "extents" covers the
// file from 0 to its size, holes included; "kind" is data, preallocated or hole. Bytes of a name that are no UTF-8
// become U+FFFD: JSON has no others.
std::string map_as_json(const FileMap& map);

}  // namespace libcopyfile::app
