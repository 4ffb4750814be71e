// What the client of a network file system tells about copies by its server.
#pragma once

#include <string_view>

#include "sys/files.h"

namespace libcopyfile {

// Of the file system with this device number (as in FileStat), which is a mount of this process. Unknown for what is not NFS or
// SMB, and where /proc does not tell. `requests` grows, as a signed difference, with what the server does; SMB tells which failed,
// and they let it shrink.
ServerCopies ask_server_copies(uint64_t device);

// The same from the texts of /proc/self/mountinfo and, for NFS, /proc/self/mountstats, for SMB /proc/fs/cifs/Stats.
ServerCopies parse_server_copies(std::string_view mountinfo, std::string_view statistics,
                                 uint64_t device);

}  // namespace libcopyfile
