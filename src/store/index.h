// The index of a repository: names, and what is known of blobs besides their bytes. An SQLite database (docs/decisions/0022)
// whose pages carry checksums; docs/formats.md has its tables. What it says of bytes is never believed without a digest.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "sys/files.h"
#include "verify/digest.h"

namespace libcopyfile::store {

struct BlobRecord {
  Digest digest;
  uint64_t size = 0;
  int64_t added = 0;  // seconds since the epoch
  bool kept = false;  // stays without a name
  std::string seal;   // what fs-verity measured when the bytes were digested; empty: not sealed
};

struct NameRecord {
  std::string name;
  Digest digest;
  uint64_t size = 0;
  std::optional<uint32_t> mode;       // of the file that was added, permissions only
  std::optional<Timestamp> modified;  // the same
  int64_t added = 0;
};

// Several processes may have it open; from one thread at a time in each. Readers see what was committed last and are never
// waited for longer than one transaction takes.
class Index {
 public:
  // `path`: of the database file. ENOENT where there is none; EBADMSG where it is damaged; EOPNOTSUPP without libsqlite3.
  // `writers`: a descriptor of the file that writers lock among each other, for as long as the index is; negative for reading
  // only.
  static Result<Index> open(const std::string& path, int writers);
  // Makes the tables in an empty file, which is there.
  static Result<Index> create(const std::string& path, int writers);
  Index(Index&&) noexcept;
  Index& operator=(Index&&) noexcept;
  ~Index();

  Result<std::optional<NameRecord>> find(const std::string& name);
  Result<std::optional<BlobRecord>> find(const Digest& digest);
  Result<std::vector<NameRecord>> names_of(const Digest& digest);
  // In the order of their bytes, those that begin with `prefix` (as a string); false ends it. Read in pieces: names that are
  // given meanwhile may or may not be among them.
  Done for_each_name(const std::string& prefix,
                     const std::function<bool(const NameRecord&)>& found);
  Done for_each_blob(const std::function<bool(const BlobRecord&)>& found);
  Result<uint64_t> count_names();
  Result<uint64_t> count_blobs();

  // One transaction, on stable storage when it returns. Records of blobs that are there already keep the time when they were
  // added, and are kept if either says so. The names that were not given, by their place in `names`: another digest has them,
  // and they are not to be replaced.
  struct Change {
    std::span<const BlobRecord> blobs;
    std::span<const NameRecord> names;
    bool replace = false;
  };
  Result<std::vector<size_t>> add(const Change& change);
  Done remove_name(const std::string& name);  // ENOENT
  Done set_kept(const Digest& digest, bool kept);
  // Forgets blobs, in one transaction.
  Done forget(std::span<const Digest> digests);
  // Those of `digests` that have neither a name nor are kept.
  Result<std::vector<Digest>> unused(std::span<const Digest> digests);

  // What can still be read of the names of a damaged index, from either end.
  void salvage_names(const std::function<void(const NameRecord&)>& found);
  // Reads all of it: every page's checksum, and SQLite's own check of its structure. The pages that are wrong, from 0; empty
  // if none. A structure that is wrong without a wrong page gives EBADMSG.
  Result<std::vector<uint64_t>> check();

 private:
  class State;
  explicit Index(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace libcopyfile::store
