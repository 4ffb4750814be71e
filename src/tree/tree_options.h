// What a copy of a tree shall be: data, read in src/tree/ and handed to the engine's jobs. Where cp(1) has a word for it, it
// means what cp means by it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "engine/job_control.h"
#include "plan/options.h"
#include "publish/batch.h"

namespace libcopyfile {

class Filter;
class TreeCounters;

// Which symbolic links of the source are followed.
enum class FollowLinks : uint8_t { never, operands, always };  // -P, -H, -L
// What is made of a file that is no directory.
enum class Form : uint8_t { copy, hard_link, symbolic_link, attributes_only };
// What becomes of a destination that is there already. Directories are always merged.
enum class Overwrite : uint8_t {
  always,
  never,       // -n, --update=none: skipped
  refuse,      // --update=none-fail: skipped, and a failure
  if_older,    // -u: if it is older than the source
  if_differs,  // --resume: unless it has the size and the modification time of the source
};
enum class Backup : uint8_t { none, simple, numbered, existing };

struct TreeOptions {
  // What is copied.
  bool recursive = false;
  FollowLinks follow = FollowLinks::always;
  bool one_file_system = false;    // -x: other file systems become empty directories
  bool special_as_files = false;   // --copy-contents: pipes and devices are read
  const Filter* filter = nullptr;  // what is left out; the operands themselves are not asked about

  // What is made of it.
  Form form = Form::copy;
  uint64_t required = 0;  // metadata classes (metadata/metadata.h)
  uint64_t wanted = 0;
  bool keep_hard_links = false;  // --preserve=links: among all operands of one job
  bool keep_replaced = true;     // as FileJob
  std::optional<uint32_t> new_mode;
  uint32_t creation_mask = 077;
  DataOptions data;
  bool allow_change = false;
  // The plain way for small files may be taken: nobody asked for plans, digests or verification.
  bool plain_small_files = true;

  // What becomes of what is there.
  Overwrite overwrite = Overwrite::always;
  bool ask = false;  // -i: TreeObserver::may_overwrite() decides what Overwrite lets through
  bool remove_destination = false;  // --remove-destination: unlinked first
  bool overwrite_devices = false;   // else a block device is no destination
  bool force = false;  // -f: unlinked if it can't be opened for writing (in_place only)
  Backup backup = Backup::none;
  std::string backup_suffix = "~";
  bool keep_directory_links =
      false;  // --keep-directory-symlink: a link to a directory is merged into, not refused

  // How it comes to be there.
  bool in_place =
      false;  // names show files while they are written, as cp's do; existing files keep their inodes
  Durability durability = Durability::ordered;
  SyncPolicy sync = SyncPolicy::automatic;
  // Into an existing tree so many files of a worker get their names together: each needs a descriptor until then.
  size_t files_in_batch = 256;
  bool resume =
      false;  // go on with what an interrupted copy of the same source to the same name left
  bool dry_run = false;
  bool stop_on_error = false;

  // How it goes.
  unsigned jobs = 0;  // workers; 0: as many as there are processors for, at most 8
  // How many descriptors directories, and files that wait for their names, may keep open, at most half of what the process may
  // have. With less, deep trees cost more and files are published in smaller batches; nothing else.
  size_t directory_descriptors = 512;
  ControlOptions control;
  // Unless null: how far the job is, for somebody who looks at it meanwhile. The source is then gone through once more, ahead
  // of the copy, to know how much there is.
  TreeCounters* counters = nullptr;
};

}  // namespace libcopyfile
