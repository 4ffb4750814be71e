// The names that files and directories have before they are complete, and by which sweep() knows what a crash left.
#pragma once

#include <string>
#include <string_view>

#include "sys/files.h"

namespace libcopyfile {

// ".copyfile-" 16 hexadecimal digits that nobody can guess ".part"
std::string private_name();
// The same without its dot in a directory of an SMB server: Samba marks as hidden what is made with one, and it stays so under
// the name that it gets. Windows programs don't show it then, and open(2) with O_TRUNC is refused (EACCES).
std::string private_name_in(Files& files, int dir);
// The same with digits of the caller's choice.
std::string private_name_in(Files& files, int dir, uint64_t digits);
bool is_private_name(std::string_view name);
// Whether private_name_in() made it for a directory of an SMB server.
bool is_for_smb(std::string_view private_name);

}  // namespace libcopyfile
