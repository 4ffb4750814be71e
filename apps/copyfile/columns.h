// How much of a terminal's line a text takes.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace libcopyfile::app {

// Columns of printable text: 2 for what terminals draw wide (Chinese, Japanese, Korean, pictures). Asked of no locale. Never too
// few: marks that are drawn over the letter before them are counted, too.
size_t columns_of(std::string_view text);

// The text in at most so many columns: the middle of it makes room for "...". Of paths both ends tell something.
std::string shortened(std::string_view text, size_t columns);

}  // namespace libcopyfile::app
