// Many pending files that get their names together: all made stable by one sync (or by syncs that overlap), all named, each
// directory synced once. The promise for each of them is that of PendingFile::commit(); it only comes later, and cheaper.
//
// One fsync(2) a file is what makes crash-safe copies slow: each waits for a commit of the journal. syncfs(2) commits once,
// but writes back what everybody else has dirtied, too; the other policy touches our own files only.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "publish/pending_file.h"

namespace libcopyfile {

enum class SyncPolicy : uint8_t {
  automatic,    // file_system from kManyFiles files on
  files,        // write-back of all of our files at once, then fsync(2) of each
  file_system,  // syncfs(2), if it reports errors
};

// What made a file's contents stable.
enum class SyncedBy : uint8_t { nothing, file, file_system };

struct BatchOptions {
  Durability durability = Durability::ordered;
  SyncPolicy policy = SyncPolicy::automatic;
};

struct BatchResult {
  Result<Published> published;
  SyncedBy synced_by = SyncedBy::nothing;
};

// From one thread at a time.
class Batch {
 public:
  // Where syncfs(2) begins to cost less than our own syncs: at 8 files of 8 KiB the two were the same on ext4 and XFS.
  static constexpr size_t kManyFiles = 8;

  Batch(Files& files, const BatchOptions& options) : files_(files), options_(options) {}

  // Complete, with all its metadata. The directory of the file stays open until commit() has returned. Write-back of files
  // that are worth it starts now. `sync_reports_errors`: syncfs(2) tells what it lost of this file, as from Linux 5.8 on file
  // systems do that keep their own data (not overlayfs, FUSE or a server's).
  void add(PendingFile file, bool sync_reports_errors);
  size_t size() const { return pending_.size(); }
  bool empty() const { return pending_.empty(); }

  // One result a file, in the order of add(). The files that failed are gone, the others have their names. The batch is
  // empty then and may be filled again.
  std::vector<BatchResult> commit();
  // All of them are gone; the batch is empty.
  void drop();

 private:
  struct Member {
    PendingFile file;
    uint64_t device = 0;
    uint64_t size = 0;
    SyncedBy synced_by = SyncedBy::nothing;
    std::optional<Error> error;
    std::optional<Error> late;
  };

  void make_stable();
  bool sync_file_systems();
  void sync_files();
  void sync_directories();
  static BatchResult result_of(Member& member, Durability durability);

  Files& files_;
  BatchOptions options_;
  std::vector<Member> pending_;
  bool sync_reports_errors_ = true;  // for all that are pending
};

}  // namespace libcopyfile
