// The map of one file, with everything that `copyfile map` shows of it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/range.h"
#include "extents/extents.h"
#include "sys/files.h"

namespace libcopyfile::app {

// What is drawn in one colour. Shared is data or preallocated space that another file (or another place of this one)
// uses as well.
enum class Look : uint8_t { data, shared, preallocated, hole };
inline constexpr size_t kLooks = 4;
template <class T>
using PerLook = std::array<T, kLooks>;
constexpr size_t index_of(Look look) { return static_cast<size_t>(look); }

// Part of the file that is of one kind and in one place.
struct Piece {
  Range range;
  ExtentKind kind = ExtentKind::data;
  bool shared = false;
  // Where it begins on the device. Not known for data that has no place yet (delayed allocation), and of no use where
  // it is compressed or encrypted.
  std::optional<uint64_t> physical;

  Look look() const {
    if (kind == ExtentKind::hole) return Look::hole;
    if (shared) return Look::shared;
    return kind == ExtentKind::unwritten ? Look::preallocated : Look::data;
  }
};

struct FileMap {
  std::string name;
  uint64_t size = 0;
  uint64_t allocated = 0;  // on the device, as du counts
  bool made_up =
      false;  // procfs and its kin: the contents are made when they are read, and the size says nothing
  std::vector<Piece> pieces;  // contiguous from 0 to size
  // The errno with which the file system refused FIEMAP. Then nothing is known of places, sharing and preallocation.
  std::optional<int> refused;
  size_t extents = 0;       // runs of blocks that are contiguous on the device
  uint64_t behind_end = 0;  // preallocated behind the end of the file

  uint64_t data = 0, preallocated = 0, holes = 0;  // bytes of the size, by kind
  uint64_t shared = 0;                             // how much of the first two
};

// Maps a regular file that we opened. `name` is for the map, as given by the user.
Result<FileMap> read_map(Files& files, int fd, std::string name);

}  // namespace libcopyfile::app
