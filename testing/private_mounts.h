// A mount namespace of the test program's own, and one directory in it under which every scratch file system is
// mounted. Nothing that a test mounts is seen by the rest of the machine, and nothing outlives the program: not after
// a failed test, a crash or SIGKILL. Two things see to that:
//  - the kernel drops the mounts (and, by autoclear, the loop devices) with the last process of the namespace;
//  - a guardian process, which notices by the end of a pipe that the program is gone, unmounts everything lazily even
//    while a forgotten child of a test still lives in the namespace, and removes the directory.
#pragma once

#include <string>

namespace libcopyfile::test {

// Call first in main(): only threads and children made later inherit the namespace. Where it is not permitted, tests
// that mount nothing still run; mount_root() reports the failure.
void enter_private_mounts();

// The directory, on a tmpfs of its own, mode 0755. Made at the first call. Throws ScratchError.
const std::string& mount_root();

// Unmounts and removes everything under mount_root() and waits until it is gone. Call last in main().
void leave_private_mounts();

}  // namespace libcopyfile::test
