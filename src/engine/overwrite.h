// Writes a copy into a file that is there, as cp(1) does: its inode, its other names and whoever has it open stay. Observers
// see it while it is written, and after a failure it holds what had been written: for those who ask for just this.
#pragma once

#include "engine/copy_job.h"

namespace libcopyfile {

// The destination is job.out_path by way of job.out_parent or job.out_dir, links followed where job.follow_out says so; a
// regular file, a device, a pipe or a terminal. A failure with Op::open is one to open it for writing. EOPNOTSUPP where checks
// are asked for: they are for copies that can still be thrown away.
Done overwrite_file(const System& system, const Catalogue& catalogue, Learned* learned,
                    const FileJob& job, FileReport& report);

}  // namespace libcopyfile
