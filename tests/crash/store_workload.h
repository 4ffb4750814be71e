// Workloads on a repository of known-good files, in the directory d of the recorded file system. Its names and blobs are the names
// of the history: a blob by its path below d, a name behind kStoreName.
#pragma once

#include <vector>

#include "workload.h"

namespace libcopyfile::test {

inline constexpr const char* kStoreName = "name:";

std::vector<const char*> store_scenario_names(FsKind fs);
Workload make_store_workload(const Job& job);

}  // namespace libcopyfile::test
