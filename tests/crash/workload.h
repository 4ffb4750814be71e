// What is done to a file system while it is recorded, and what may be seen of it afterwards.
#pragma once

#include <functional>
#include <ostream>
#include <string>
#include <vector>

#include "history.h"
#include "testing/scratch_fs.h"

namespace libcopyfile::test {

// Where the steps of a workload find their files.
struct Scene {
  FsKind fs;
  std::string root;     // the recorded file system
  std::string outside;  // a directory on another one, for sources

  std::string destination(const std::string& name) const { return root + "/d/" + name; }
};

enum class Level : uint8_t { none, ordered, durable };

// Who copies. All but the first must be caught.
enum class Copier : uint8_t {
  ours,
  truncates,               // open with O_TRUNC, write, close; trees by cp(1)
  renames,                 // write a private file, rename: no sync
  without_file_sync,       // ours, with every sync of a file or a file system swallowed
  without_directory_sync,  // ours, with every sync of a directory swallowed
};

struct Job {
  FsKind fs = FsKind::ext4;
  std::string scenario;  // of scenario_names()
  Level level = Level::ordered;
  Copier copier = Copier::ours;
  // Of the scenario whose steps are drawn at random.
  uint64_t seed = 1;
  size_t steps = 16;

  std::string name() const;  // "ext4_replace_durable", "xfs_batch_ordered_renames"
  friend std::ostream& operator<<(std::ostream& out, const Job& job) { return out << job.name(); }
};

class Workload {
 public:
  // The names are in the directory d, which exists.
  std::function<void(const Scene&)> prepare;  // before the recording; made stable by an unmount
  std::vector<std::function<void(const Scene&)>> acts;  // one a step of the history
  History history;
};

std::vector<std::string> scenario_names(FsKind fs);
bool is_random(const Job& job);
// What kind of thing is looked at afterwards.
enum class Group : uint8_t { files, trees, store };
Group group_of(const Job& job);
// The same job is the same workload. Acts throw ScratchError where something does not work.
Workload make_workload(const Job& job);

}  // namespace libcopyfile::test
