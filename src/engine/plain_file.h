// The shortest way for the files that trees are made of: small, without holes, with nothing but owner, mode and times. One
// read, one write (or one clone), and no more system calls than correctness asks for: docs/performance.md counts them.
//
// Whatever is not as expected (an extended attribute, a flag, a short read, an errno) is no error here: prepare_plain() gives
// nothing, leaves nothing, and the engine copies the file its own way (prepare_file()), which also says what is wrong.
#pragma once

#include <atomic>
#include <optional>
#include <span>

#include "engine/copy_job.h"

namespace libcopyfile {

// What the files of one directory of the source, and of the one they go to, have in common: asked once.
struct DirectoryPair {
  Facts facts;         // of the two directories; the files' own facts differ in size and kind only
  bool plain = false;  // files there may go this way
  mutable std::atomic<bool> may_clone{false};  // until one failed
  bool has_projects = false;
  // What files made in the destination come out as, owner << 32 | group; learned from the first one.
  mutable std::atomic<uint64_t> created_owner{kUnknown};
  // Whether they come out with the permissions that were asked for.
  mutable std::atomic<bool> exact_mode{false};

  static constexpr uint64_t kUnknown = UINT64_MAX;
};

// `in`, `out`: open directories. `like`: a pair whose file systems may be the same, or null; `in_stat`, `out_stat` are of the
// directories. `job` is what all files of the tree share.
void describe_pair(const System& system, const Catalogue& catalogue, const Learned* learned,
                   const FileJob& job, const DirectoryPair* like, int in, const FileStat& in_stat,
                   int out, const FileStat& out_stat, DirectoryPair& pair);

struct PlainJob {
  const DirectoryPair& pair;
  const FileJob& common;  // options; its paths are not used
  int in = -1;            // open for reading
  FileStat source;
  int out_parent = -1;
  const std::string& name;
  std::span<std::byte> buffer;  // files of less bytes are copied through it
  Learned* learned = nullptr;   // that there are no clones between these mounts; may be null
};

// The copy, complete but for its name (with common.unseen it has that), or nothing: not to be had this way. The report is
// brief: size, bytes and losses.
std::optional<ReadyFile> prepare_plain(const System& system, const PlainJob& job,
                                       FileReport& report);

}  // namespace libcopyfile
