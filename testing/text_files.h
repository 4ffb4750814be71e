// Small files and directories, for tests that look at what a copy left.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace libcopyfile::test {

// What the directory holds, sorted, without "." and "..".
std::vector<std::string> names_in(const std::string& directory);
// All of it, until read(2) says that there is no more: right for files of procfs, too. Throws ScratchError.
std::string read_text(const std::string& path);
// A new file, or a new one in place of an old one. Throws ScratchError.
void write_text(const std::string& path, std::string_view text, unsigned mode = 0644);

}  // namespace libcopyfile::test
