// What the client of a network file system tells about copies by its server.
#pragma once

#include <string_view>

#include "sys/files.h"

namespace libcopyfile {

// Of the file system with this device number (as in FileStat), which is a mount of this process. Unknown for what is not NFS or
// SMB, and where /proc does not tell.
ServerCopies ask_server_copies(uint64_t device);

// The same from the texts of /proc/self/mountinfo and /proc/self/mountstats.
ServerCopies parse_server_copies(std::string_view mountinfo, std::string_view mountstats,
                                 uint64_t device);

}  // namespace libcopyfile
