// What a repository of known-good files shows after a power cut.
#pragma once

#include <string>

#include "history.h"

namespace libcopyfile::test {

// Of the repository in `directory`, which is mounted: each blob of the history and each name, by the bytes that they lead to; and
// as strange what no history excuses: a blob that nobody added, an index that can't be read, damage that a verification finds, a
// repository that takes nothing more.
void look_at_store(const std::string& directory, const History& history, Observation& result);

}  // namespace libcopyfile::test
