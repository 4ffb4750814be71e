// Copies files and trees. Everything that a name of the source can be is handled here: files go to the engine, one by one or
// in batches; directories, links and special files are made here.
//
// A directory whose name is free is built under a private name beside it (publish/private_name.h), made stable with one sync,
// and renamed: it appears whole, with everything in it. Into a directory that is there, files are published in batches, each
// completely or not at all.
#pragma once

#include <string>
#include <vector>

#include "engine/copy_job.h"
#include "tree/tree_options.h"

namespace libcopyfile {

// An operand and the name that it shall have: paths, relative to the working directory or absolute.
struct TreeRoot {
  std::string from;
  std::string to;
};

// One name of the source and what it becomes.
struct TreeItem {
  std::string from;  // paths, as they are reported
  std::string to;
  FileType type = FileType::other;  // of the source
  FileStat source;
  bool is_operand = false;
};

enum class Made : uint8_t { file, directory, symbolic_link, hard_link, special };
enum class Skipped : uint8_t {
  exists,     // Overwrite::never
  not_older,  // Overwrite::if_older
  same,       // Overwrite::if_differs
  declined,   // may_overwrite() said no
  excluded,   // the filter
  other_file_system,
};
// What went wrong, where the errno alone does not tell; the message is the command's.
enum class Trouble : uint8_t {
  none,         // see TreeFailure::error
  cannot_open,  // the source, for reading
  cannot_stat,  // the source
  cannot_stat_destination,
  cannot_open_directory,  // "cannot access": the source
  cannot_read_directory,
  cannot_read_link,
  omitting_directory,  // not recursive
  same_file,
  into_itself,  // a directory into itself: the item is the operand, `other` the name that was met in it
  directory_over_file,   // cannot overwrite non-directory with directory
  file_over_directory,   // cannot overwrite directory with non-directory
  just_created,          // will not overwrite just-created
  twice,                 // source specified more than once: a warning, nothing failed
  cycle,                 // a directory that is met below itself (a bind mount, or a followed link)
  exists,                // Overwrite::refuse
  cannot_backup,         // rename to the backup's name
  backup_would_destroy,  // the source is the backup that would be overwritten
  dangling_link,         // not writing through
  just_created_link,     // will not copy through just-created symlink
  cannot_create_directory,
  cannot_create_link,
  cannot_create_hard_link,
  cannot_create_special,
  cannot_remove,
  cannot_replace,  // EACCES, EPERM of making the name, with `hint`
  no_parent,       // the directory that the destination should be in can't be opened
  not_durable,     // it is there and complete, but its name may not survive a crash
  is_device,       // a block device as destination, without overwrite_devices
  relative_link,   // --symbolic-link of a relative name outside the working directory
  escapes,         // something exchanged a part of the path while it was walked
};

struct TreeFailure {
  Trouble trouble = Trouble::none;
  Error error;
  // The other name that it is about: what a hard link should have been made to, the backup's name, what was met in itself.
  std::string other;
  const FileJob* job = nullptr;  // of a file that the engine was asked to copy
  const FileReport* report = nullptr;
};

// Is told what happens, by one thread at a time.
class TreeObserver {
 public:
  virtual ~TreeObserver() = default;
  // The last chance to change a job, and to refuse it (told as its failure): its checks, mostly.
  virtual Done before_file(const TreeItem& item, FileJob& job) = 0;
  // A regular file has its name. The report is brief where the file was small.
  virtual void copied(const TreeItem& item, const FileJob& job, const FileReport& report) = 0;
  // Everything else that has its name. `losses`: what it was not given. `backup`: the name that what was there has now.
  virtual void made(const TreeItem& item, Made what, const std::vector<Loss>& losses) = 0;
  virtual void backed_up(const TreeItem& item, const std::string& backup) = 0;
  virtual void removed(const TreeItem& item) = 0;
  virtual void skipped(const TreeItem& item, Skipped why) = 0;
  virtual void failed(const TreeItem& item, const TreeFailure& failure) = 0;
  virtual bool may_overwrite(const TreeItem& item, const FileStat& existing) = 0;
  // Whether made() and copied() are worth a path: without, items of small files have none.
  virtual bool wants_every_item() const = 0;
};

struct TreeReport {
  uint64_t files = 0, directories = 0, links = 0, hard_links = 0, specials = 0;
  uint64_t skipped = 0, failed = 0;
  uint64_t bytes = 0;  // of files, as read
  uint64_t holes = 0;  // of bytes: not stored
  PerMechanism<uint64_t> bytes_by{};
  uint64_t not_preserved = 0;  // classes
  uint64_t dropped = 0;        // complete copies that had no name yet when all was cancelled: gone
  SyncedBy synced_by = SyncedBy::nothing;
  Durability reached = Durability::none;
  bool cancelled = false;
};

// The roots in their order; trees in parallel. All is told to the observer; false if anything failed or was cancelled.
bool copy_trees(const System& system, const Catalogue& catalogue, Learned& learned,
                const std::vector<TreeRoot>& roots, const TreeOptions& options,
                TreeObserver& observer, TreeReport& report);

}  // namespace libcopyfile
