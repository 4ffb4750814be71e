// The files and directories that a repository is made of (docs/formats.md).
#pragma once

#include <string>

#include "engine/copy_job.h"
#include "store/format.h"

namespace libcopyfile::store {

inline constexpr const char* kFormatName = "format";
inline constexpr const char* kIndexName = "index.sqlite";

struct Layout {
  Fd root, blobs, pending, quarantine;
  // For writing only: what collecting is kept away by (lock_file.h), and what writers of the index lock among each other.
  Fd content_lock, index_lock;
};

// Makes all of it, the file `format` last and on stable storage: without it, it is no repository. EEXIST if it is one;
// ENOTEMPTY if there is anything that does not belong to one.
Done make_layout(const System& system, int dir, const std::string& path, const Format& format);
// ENOENT: the directory is no repository.
Result<Layout> open_layout(const System& system, int dir, const std::string& path, bool write);
Result<Format> read_format(const System& system, int root);
// Makes what is missing, and the file `format` anew if it is damaged: the permissions of the directory say what it said. ENOENT
// for a directory without blobs/sha256.
Done restore_layout(const System& system, int dir, const std::string& path);

// Where SQLite finds it: it takes paths only, and the directory may be anywhere, so that the path leads through /proc.
// EOPNOTSUPP without one.
Result<std::string> index_path(const System& system, int root,
                               const std::string& name = kIndexName);
// An empty file for it with the permissions that it shall have, in place of one that is there.
Done make_index_file(const System& system, int root, const Format& format,
                     const std::string& name = kIndexName);

}  // namespace libcopyfile::store
