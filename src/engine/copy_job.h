// One file: from a name to a name, completely or not at all.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/check_copy.h"
#include "engine/data_copy.h"
#include "metadata/transfer.h"
#include "publish/batch.h"

namespace libcopyfile {

// The kernel, or what a test puts in its place.
struct System {
  Files& files;
  Names& names;
  Attributes& attributes;
};

struct FileJob {
  int in_dir = -1;
  std::string in_path;
  int out_dir = -1;
  std::string out_path;
  // Unless negative: the directory part of out_path, open already, so that it is resolved once for many files.
  int out_parent = -1;
  // Unless negative: the file at in_path, open for reading already; it stays the caller's, but its position may move.
  int in_file = -1;
  // out_parent is a directory that nobody else sees (publish/pending_directory.h), and out_path a name in it, which the file
  // has from the beginning.
  bool unseen = false;

  // What must be true.
  DataOptions data;
  CheckOptions check;
  bool allow_change = false;  // of the source, while it is read
  Replace replace = Replace::never;
  Durability durability = Durability::ordered;
  bool follow_in = true;
  bool follow_out = false;
  uint64_t required = 0;  // metadata classes (metadata/metadata.h)
  uint64_t wanted = 0;
  // Classes that are not carried over stay as the replaced file had them.
  bool keep_replaced = true;
  // Taken from the permissions of a new file where the mode is not carried over: umask(2), which a library may not call.
  uint32_t creation_mask = 077;
  // Permissions of a new file in place of those that the source has, before the mask.
  std::optional<uint32_t> new_mode;

  ControlOptions control;
  bool keep_plans = false;
  bool synced_later = false;  // the caller will make it stable, whatever `durability` says
  uint64_t tag = 0;           // the caller's own
};

struct FileReport {
  uint64_t size = 0;
  Facts facts;
  DataOutcome data;
  uint64_t not_preserved = 0;  // classes of `losses`
  std::vector<Loss> losses;
  Checked checked;
  uint32_t retries = 0;  // how often the copy began again, because the source had changed
  bool published = false;
  Durability reached = Durability::none;
  SyncedBy synced_by = SyncedBy::nothing;
};

// A complete copy, with all its metadata, that has no name yet. Destroyed as it is, it is gone.
struct ReadyFile {
  Fd directory;  // of its name; not open where that is out_parent
  PendingFile pending;
  LateFlags late;  // note_published() sets them
};

// All of a copy but its name. Errors as listed for copyfileat() in copyfile.h. The report is filled as far as it went, also
// when it fails. What the job names by descriptor stays open until the file has its name.
Result<ReadyFile> prepare_file(const System& system, const Catalogue& catalogue, Learned* learned,
                               const FileJob& job, FileReport& report);

// With the name. Once report.published is set nothing is undone.
Done copy_file(const System& system, const Catalogue& catalogue, Learned* learned,
               const FileJob& job, FileReport& report);

// Notes in the report what came of publishing, and gives the file what only a file with a name can have. The error is that
// of copy_file().
Done note_published(const System& system, const FileJob& job, const Result<Published>& published,
                    SyncedBy synced_by, const LateFlags& late, FileReport& report);

}  // namespace libcopyfile
