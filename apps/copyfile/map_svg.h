// Maps as a picture.
#pragma once

#include <span>
#include <string>

#include "copyfile/map_file.h"

namespace libcopyfile::app {

// One SVG document with a bar for each file, to the scale of its own size. A column of the bar is filled from below in
// proportion to what it holds, and never less than can be seen: an island of 4 KiB in a terabyte shows. The size of the
// document depends on the number of files, not on that of extents.
std::string maps_as_svg(std::span<const FileMap> maps);

}  // namespace libcopyfile::app
