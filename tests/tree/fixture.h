// A tree with one of everything, what the kernel says about any tree, and a job with a list of what it told.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "testing/faulty_system.h"
#include "testing/scratch_fs.h"
#include "tree/tree_job.h"

namespace libcopyfile::test {

// Each path below `top` ("" for itself) with all that a copy should have: type, rights, owner, times, size and contents,
// attributes, target, device number, and the first of the names that are the same file. Asked of the kernel, not of the library.
struct SnapshotOptions {
  bool times = true;
  bool owners = true;
  bool directory_times = true;
};
using Snapshot = std::map<std::string, std::string>;
Snapshot snapshot(const std::string& top, const SnapshotOptions& options = {});

// Files small and large, empty, with holes, with attributes; hard links in and across directories; symbolic links, one
// dangling; a pipe, a socket and a device; read-only and set-id directories; names with newlines and invalid UTF-8. What the
// file system can't have is left out.
void make_rich_tree(const std::string& top, FsKind kind);
void make_directory(const std::string& path, unsigned mode = 0755);
void set_times(const std::string& path, int64_t seconds, int64_t nanoseconds);

class Told final : public TreeObserver {
 public:
  Done before_file(const TreeItem& item, FileJob& job) override;
  void copied(const TreeItem& item, const FileJob& job, const FileReport& report) override;
  void made(const TreeItem& item, Made what, const std::vector<Loss>& losses) override;
  void backed_up(const TreeItem& item, const std::string& backup) override;
  void removed(const TreeItem& item) override;
  void skipped(const TreeItem& item, Skipped why) override;
  void failed(const TreeItem& item, const TreeFailure& failure) override;
  bool may_overwrite(const TreeItem& item, const FileStat& existing) override;
  bool wants_every_item() const override { return every_item; }

  bool every_item = true;
  bool answer = true;
  std::vector<std::string> lines;  // "copied a/b", "failed a/b: same_file", ...
  std::vector<Trouble> troubles;
  std::vector<int> errnos;
  std::vector<Loss> losses;
  std::function<Done(const TreeItem&, FileJob&)> before;
};

// `-a`: all that a file has.
TreeOptions archive();

struct TreeRun {
  FaultySystem system;
  Catalogue catalogue;
  Learned learned;
  Told told;
  TreeReport report;

  bool copy(const std::vector<TreeRoot>& roots, const TreeOptions& options);
};

}  // namespace libcopyfile::test
