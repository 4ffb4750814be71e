// The length of a file cut into cells, for pictures.
#pragma once

#include <vector>

#include "copyfile/map_file.h"

namespace libcopyfile::app {

struct Cell {
  uint64_t length = 0;
  PerLook<uint64_t> bytes{};

  // What most of the cell is.
  Look most() const;
  // About as much data as hole: which of the two is more would flicker from cell to cell.
  bool is_half_hole() const;
  // A hole in which there is something: data that a picture of the whole file would lose.
  bool is_hole_with_something() const {
    return most() == Look::hole && bytes[index_of(Look::hole)] < length;
  }
};

// At most `count` cells of (nearly) one length; fewer where the file has fewer bytes.
std::vector<Cell> cells_of(const FileMap& map, size_t count);

}  // namespace libcopyfile::app
