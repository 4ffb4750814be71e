// The names that files and directories have before they are complete, and by which sweep() knows what a crash left.
#pragma once

#include <string>
#include <string_view>

namespace libcopyfile {

// ".copyfile-" 16 hexadecimal digits that nobody can guess ".part"
std::string private_name();
// The same with digits of the caller's choice.
std::string private_name(uint64_t digits);
bool is_private_name(std::string_view name);

}  // namespace libcopyfile
