// Maps for the terminal.
#pragma once

#include <string>

#include "copyfile/map_file.h"

namespace libcopyfile::app {

struct TextStyle {
  unsigned columns = 80;
  bool utf8 = false;
  bool colour = false;
};

// A few lines: name, bar, sizes, kinds. No control character of a name gets through.
std::string map_as_text(const FileMap& map, const TextStyle& style);
// What the characters of the bars mean.
std::string legend_as_text(const TextStyle& style);

// What every picture says in words: "size 10G (10737418240 bytes), 3.2G on disk in 12 extents",
std::string size_in_words(const FileMap& map);
// "data 3.2G (31%); preallocated 0; holes 6.8G (69%); shared 1.0G (10%)",
std::string kinds_in_words(const FileMap& map);
// and what could not be found out; empty if everything could.
std::string doubts_in_words(const FileMap& map);

}  // namespace libcopyfile::app
