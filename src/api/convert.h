// Between the words of the C interface and those of the engine.
#pragma once

#include <copyfile/copyfile.h>

#include "engine/copy_job.h"
#include "engine/range_job.h"

namespace libcopyfile {

inline constexpr uint64_t kRangeFlags = COPYFILE_NO_SHARE | COPYFILE_REQUIRE_SHARE |
                                        COPYFILE_REQUIRE_OFFLOAD | COPYFILE_NO_CACHE |
                                        COPYFILE_EXACT;
inline constexpr uint64_t kFileFlags =
    (kRangeFlags & ~uint64_t{COPYFILE_EXACT}) | COPYFILE_NOFOLLOW | COPYFILE_SPARSE_NEVER |
    COPYFILE_SPARSE_ALWAYS | COPYFILE_CACHE_KEEP | COPYFILE_FOLLOW_OUT | COPYFILE_ALLOW_CHANGE;

// EINVAL: a flag outside `known`, or flags that contradict each other.
Result<DataOptions> data_options(uint64_t flags, uint64_t known);

// EINVAL, E2BIG, EOPNOTSUPP as copyfileat() documents. The names are the caller's to set.
Result<FileJob> file_job(const copyfile_how* how, size_t size);

// Calls how->lost, if there is one, for each thing that was lost.
void tell_losses(const FileReport& from, const copyfile_how* how, size_t size);

// As much of the report as the caller has room for.
void fill_report(const FileReport& from, copyfile_report* report, size_t size);

}  // namespace libcopyfile
