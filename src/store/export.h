// Giving everything that has a name away again, every byte checked.
#pragma once

#include "store/get.h"

namespace libcopyfile::store {

struct ExportOptions {
  std::string prefix;  // only names that are this or below it ("a" is "a" and "a/b", not "ab")
  bool recorded_metadata = true;
  Durability durability = Durability::ordered;
  uint32_t creation_mask = 077;
  ControlOptions control;
  std::function<void(const std::string& name, const Done&)> ended;  // for each name
};

struct ExportReport {
  uint64_t files = 0;
  uint64_t bytes = 0;
  uint64_t failed = 0;
};

// A directory that does not exist yet (EEXIST) becomes a tree of the names, all at once. A name that is both a file and a directory in the
// path of another one fails alone (ENOTDIR or EEXIST).
Result<ExportReport> export_tree(Repository& repository, int out_dir, const std::string& out_path,
                                 const ExportOptions& options);
// A POSIX tar archive (pax) to a descriptor for writing, which may be a pipe. Each blob is checked as it is written; where one
// is damaged the archive can't be complete: EBADMSG, and nothing that reads as a whole archive was written.
Result<ExportReport> export_tar(Repository& repository, int fd, const ExportOptions& options);
// One line "HEX  NAME" a name, sorted by name, as sha256sum(1) writes and checks them; `line` gets each with its newline. Bytes
// are not read. What a manifest is signed over.
Done export_sums(Repository& repository, const std::string& prefix,
                 const std::function<bool(std::string_view line)>& line);

}  // namespace libcopyfile::store
