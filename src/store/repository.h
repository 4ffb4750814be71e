// A repository of known-good files: blobs, each under the SHA-256 of its bytes, and names for them.
//
// Nothing in it is trusted without its digest: what is read from it is either checked on the way (get.h) or checked by the
// kernel (fs-verity). Blobs are plain files under blobs/sha256/, read-only, and complete from the moment that they have their
// name. The index (index.h) has names and metadata; without it a repository can be rebuilt from its blobs (rebuild()).
//
// Many processes may use one repository at once. Who adds, takes or repairs holds a shared lock, so that collecting (gc.h),
// which alone takes it exclusively and only while it removes, never takes away what is being added. Readers of descriptors
// that are open already are not concerned by it at all.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "store/environment.h"
#include "store/format.h"
#include "store/index.h"
#include "store/name.h"

namespace libcopyfile::store {

enum class Use : uint8_t {
  read,  // needs no permission to write
  write,
};

struct BlobStat {
  Digest digest;
  uint64_t size = 0;
  uint64_t stored = 0;  // bytes on the medium, shared or not
  bool sealed = false;  // fs-verity: the kernel refuses to return damaged bytes
  BlobRecord record;    // what the index says; `indexed` tells whether it does
  bool indexed = false;
  std::vector<NameRecord> names;
};

// From one thread at a time, except where a method says otherwise.
class Repository {
 public:
  // Makes one at `path`, which must not exist or be an empty directory (ENOTEMPTY otherwise; EEXIST if it is a repository
  // already). Durable when it returns.
  static Done create(const Environment& environment, int dir, const std::string& path,
                     const Format& format);
  // ENOENT: no repository there. EBADMSG, EPROTONOSUPPORT: as parse_format() says. The environment outlives it.
  static Result<Repository> open(const Environment& environment, int dir, const std::string& path,
                                 Use use);
  // The same with what is damaged or missing of its format file: made again, by what can be told. For repair only.
  static Result<Repository> open_damaged(const Environment& environment, int dir,
                                         const std::string& path);
  Repository(Repository&&) noexcept;
  Repository& operator=(Repository&&) = delete;
  ~Repository();

  const Environment& environment() const;
  const Format& format() const;
  const std::string& path() const;  // as it was opened, for messages
  Use use() const;

  // Opened at the first use. An index that is damaged or missing gives EBADMSG: repair_index().
  Result<Index*> index();

  // What a reference leads to: a digest as it is, a name by the index. ENOENT for a name that is not there.
  Result<Digest> resolve(const Reference& reference);
  // ENOENT: no such blob.
  Result<BlobStat> stat(const Digest& digest);
  Result<bool> has(const Digest& digest);
  // Open for reading, checked to be a regular file of the repository's own; its bytes are not checked. From any thread.
  Result<Fd> open_unchecked(const Digest& digest);

  // Calls `found` for each file that is called like a blob, in no particular order; false ends it.
  using BlobFound = std::function<bool(const Digest& digest)>;
  Done for_each_blob(const BlobFound& found);

  // Names. A name may be given to any blob that is there (ENOENT); EEXIST where it is taken by another digest, unless
  // `replace`. Durable when they return.
  Done give_name(const std::string& name, const Digest& digest, bool replace);
  Done remove_name(const std::string& name);  // ENOENT
  // A blob that is kept stays without any name. ENOENT.
  Done keep(const Digest& digest, bool kept);

  // Directories of the repository, for the other parts of src/store/. Open for as long as the repository is.
  int root() const;
  int blobs() const;    // blobs/sha256
  int pending() const;  // private files of who is adding
  int quarantine() const;
  int content_lock() const;  // for writing only: collecting is kept away by it
  int index_lock() const;    // the same: who writes to the index
  // The next index() opens it again.
  void close_index();

 private:
  Result<FileStat> stat_stable(const Digest& digest);

  class Parts;
  explicit Repository(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace libcopyfile::store
