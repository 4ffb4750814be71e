// Many files, copied one by one and named together (publish/batch.h): what trees, and commands with several sources, use.
#pragma once

#include <deque>
#include <functional>

#include "engine/copy_job.h"

namespace libcopyfile {

struct FileBatchOptions {
  Durability durability = Durability::ordered;
  SyncPolicy policy = SyncPolicy::automatic;
  // A batch is named when it holds this many files, or bytes: each file needs a descriptor until then, and what is dirty must
  // fit into memory with room to spare.
  size_t most_files = 256;
  uint64_t most_bytes = uint64_t{256} << 20;
};

class FileBatch {
 public:
  // Called for each file when it has its name or has failed; those with names in the order of add().
  using Ended = std::function<void(const FileJob&, const FileReport&, const Done&)>;

  // All of them must outlive the batch.
  FileBatch(const System& system, const Catalogue& catalogue, Learned* learned,
            const FileBatchOptions& options, Ended ended)
      : system_(system),
        catalogue_(catalogue),
        learned_(learned),
        options_(options),
        ended_(std::move(ended)),
        batch_(system.files, {options.durability, options.policy}) {}

  // Copies the file, all but its name; job.durability is overruled. What comes of it is told by `ended`, here or later.
  void add(FileJob job);
  // The same for a file that has been copied already; what its job names by descriptor stays open until it has its name.
  void add_ready(FileJob job, FileReport report, ReadyFile ready);
  bool empty() const { return members_.empty(); }
  // Names what has been copied.
  void commit();
  // Throws away what has been copied and has no name yet; how many files that were.
  size_t drop();

 private:
  struct Member {
    FileJob job;
    FileReport report;
    Fd directory;
    LateFlags late;
  };

  Result<ReadyFile> prepare(Member& member);
  void keep(Member member, ReadyFile ready);

  const System& system_;
  const Catalogue& catalogue_;
  Learned* learned_;
  FileBatchOptions options_;
  Ended ended_;
  std::deque<Member> members_;
  Batch batch_;
  uint64_t bytes_ = 0;
};

}  // namespace libcopyfile
