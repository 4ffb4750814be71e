// Files with islands: data, holes and preallocated (unwritten) extents in a given or a random order.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/range.h"
#include "testing/oracle.h"

namespace libcopyfile::test {

enum class Content : uint8_t { data, hole, unwritten };

struct Island {
  Range range;
  Content content = Content::data;

  bool operator==(const Island&) const = default;
};

// Contiguous from 0; the end of the last one is the size of the file.
using Layout = std::vector<Island>;

// The same layout for the same arguments. Edges are multiples of `granule`, except the size.
Layout random_layout(uint64_t seed, uint64_t size, uint64_t granule);
// "data 64K, hole 1M, data 5": from its text. K and M are powers of 1024.
Layout layout_of(const std::string& text);

// A new file (or an old one, cut to nothing first) with this layout; data is stamped with `file`. Where fallocate(2) is
// refused to the test (testing/refuse), holes stand for preallocated extents. Throws ScratchError.
Fd make_file(const std::string& path, const Layout& layout, uint8_t file);
// What make_file() puts into it.
Oracle oracle_of(const Layout& layout, uint8_t file);

// An even choice from [0, below): unlike std::uniform_int_distribution the same with every standard library.
uint64_t choose(std::mt19937_64& random, uint64_t below);

}  // namespace libcopyfile::test
