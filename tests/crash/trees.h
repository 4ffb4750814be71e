// Trees that follow from a number: made as a source, and compared with what a crash left.
#pragma once

#include <cstdint>
#include <string>

namespace libcopyfile::test {

// Files of 0 to 300,000 bytes in directories of three levels, one of them read-only; a symbolic link, a pipe, a second name of a
// file; each with a mode and a time of its own. `path` is new. Throws ScratchError.
void make_tree(const std::string& path, uint32_t content, uint64_t files);

// How what is at `path` differs from that tree, in words; empty if it is that tree and nothing else.
std::string tree_difference(const std::string& path, uint32_t content, uint64_t files);

}  // namespace libcopyfile::test
