// Adding files. Each is first frozen as a private copy inside the repository (a clone where there are such), and everything
// that is said of it is said of that copy: its digest is computed and compared, it is sealed, made stable with all others of
// its batch by one sync, and then published under its digest. What becomes of the source meanwhile does not matter.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "store/repository.h"

namespace libcopyfile::store {

struct AddSource {
  // A path, resolved from `dir`, or an open descriptor (`fd`, not negative): for pipes it must be that.
  int dir = -1;
  std::string path;   // with `fd`, for messages only
  std::string shown;  // in messages, instead of the path
  int fd = -1;
  // Given back when the source has been copied: what keeps `dir` open, if nothing else does.
  std::shared_ptr<const Fd> keeps;
  // A symbolic link at the end of the path is followed; otherwise ELOOP.
  bool follow = true;
  std::optional<Digest> expected;  // SHA-256; else EBADMSG, and nothing is added
  std::string name;                // empty: none, and the blob is kept until it is told otherwise
  bool keep_unnamed = true;        // false: it is not kept for being added
};

inline const std::string& shown_name(const AddSource& source) {
  return source.shown.empty() ? source.path : source.shown;
}

struct Added {
  Digest digest;
  uint64_t size = 0;
  bool was_there = false;  // the same content was in the repository already
  bool shared = false;     // the private copy is a clone: it shares the blocks of the source
  bool sealed = false;     // by fs-verity
};

// What is added is on stable storage, with its name, when it is said to be added.
struct AddOptions {
  bool replace_names = false;        // else EEXIST for a name that another content has
  uint64_t most_bytes = UINT64_MAX;  // of one source; EFBIG beyond: endless ones end here
  unsigned workers = 0;              // 0: as many as there are processors
  bool seal = true;                  // by fs-verity where the file system has it
  // A batch is published when it holds this many files or bytes.
  size_t batch_files = 65536;
  uint64_t batch_bytes = uint64_t{4} << 30;
  ControlOptions control;  // its progress counts the bytes of all sources
};

struct AddTotals {
  uint64_t files = 0;  // added or there already
  uint64_t were_there = 0;
  uint64_t failed = 0;
  uint64_t bytes = 0;
  SyncedBy synced_by = SyncedBy::nothing;
};

// Called for each source when it is published or has failed, from the calling thread or a worker, one call at a time. The
// errors: EISDIR, EINVAL for FIFOs, devices and sockets by path, EFBIG, EBADMSG (expected), EEXIST (the name), ESTALE (it
// changed each time it was read), and those of reading and writing.
using AddEnded = std::function<void(const AddSource& source, const Result<Added>& added)>;
// The next source; nothing: that was all. Called from one thread at a time.
using NextSource = std::function<std::optional<AddSource>()>;

// Fails as a whole only where nothing more can be added (ECANCELED, no space, an index that can't be written); what was
// acknowledged by `ended` before stays. REQUIRES a repository opened for writing.
Result<AddTotals> add(Repository& repository, const NextSource& next, const AddOptions& options,
                      const AddEnded& ended);
// One source.
Result<Added> add_one(Repository& repository, const AddSource& source, const AddOptions& options);

// The files below `dir` (an open directory), each named by its path there, behind `prefix` (empty, or a name). Directories are
// walked by descriptors; symbolic links, devices, FIFOs and sockets are not followed or added but told to `passed_over`.
struct TreeSource {
  int dir = -1;
  std::string path;  // for messages
  std::string prefix;
  std::function<void(const std::string& path, int code)> passed_over;
};
Result<AddTotals> add_tree(Repository& repository, const TreeSource& source,
                           const AddOptions& options, const AddEnded& ended);

}  // namespace libcopyfile::store
