#include "copyfile/map_cells.h"

#include <algorithm>

namespace libcopyfile::app {
namespace {

using Wide = unsigned __int128;

}  // namespace

Look Cell::most() const {
  // The first of equals: something is shown rather than nothing.
  return static_cast<Look>(std::max_element(bytes.begin(), bytes.end()) - bytes.begin());
}

bool Cell::is_half_hole() const {
  const Wide holes = bytes[index_of(Look::hole)];
  const Look look = most();
  return (look == Look::data || look == Look::hole) && holes * 8 >= Wide{length} * 3 &&
         holes * 8 <= Wide{length} * 5;
}

std::vector<Cell> cells_of(const FileMap& map, size_t count) {
  const size_t used = static_cast<size_t>(std::min<uint64_t>(count, map.size));
  std::vector<Cell> cells(used);
  auto piece = map.pieces.begin();
  for (size_t i = 0; i < used; ++i) {
    const Range cell{static_cast<uint64_t>(Wide{map.size} * i / used),
                     static_cast<uint64_t>(Wide{map.size} * (i + 1) / used)};
    cells[i].length = cell.length();
    for (; piece != map.pieces.end() && piece->range.begin < cell.end; ++piece) {
      cells[i].bytes[index_of(piece->look())] += piece->range.clipped(cell).length();
      if (piece->range.end > cell.end) break;  // the next cell has the rest of it
    }
  }
  return cells;
}

}  // namespace libcopyfile::app
