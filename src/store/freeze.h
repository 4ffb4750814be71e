// The private copy of a source, inside the repository: from here on nobody else can change it.
#pragma once

#include <optional>

#include "store/add.h"

namespace libcopyfile::store {

struct Frozen {
  std::optional<PendingFile> file;  // unnamed to everybody else; gone when destroyed
  Added added;
  Facts facts;
  // Of a regular file, for its name.
  std::optional<uint32_t> mode;
  std::optional<Timestamp> modified;
  std::string seal;    // what fs-verity measured; empty: not sealed
  bool there = false;  // a good blob of this content was seen in the repository
};

struct FreezeJob {
  Repository& repository;
  const AddOptions& options;
  int directory = -1;  // private
  std::string name;    // a new one in it
  // Told how much of this source is copied; false cancels.
  std::function<bool(uint64_t copied)> progress;
};

// From any thread. Errors as AddEnded tells them.
Result<Frozen> freeze(const FreezeJob& job, const AddSource& source);

}  // namespace libcopyfile::store
