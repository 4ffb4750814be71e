// The files below a directory, one after the other, in order. Directories are walked by descriptors; links are not followed.
#pragma once

#include <vector>

#include "store/add.h"

namespace libcopyfile::store {

class TreeWalk {
 public:
  // `source` outlives the walk.
  TreeWalk(const System& system, const TreeSource& source) : system_(system), source_(source) {}

  Done begin();
  // Named by their paths, which need not be names that a repository takes. Nothing: that was all.
  std::optional<AddSource> next();

 private:
  struct Level {
    std::shared_ptr<const Fd> fd;
    std::string path;  // below the top
    std::string name;  // the same, as names have it
    std::vector<Entry> entries;
  };

  Done enter(Fd fd, std::string path, std::string name);
  void pass_over(const std::string& path, int code) const;
  // A file, or nothing: a directory, which is entered, or what is no file.
  std::optional<AddSource> look_at(const Level& level, const Entry& entry);
  void go_into(int dir, const std::string& entry, const std::string& path, const std::string& name);

  const System& system_;
  const TreeSource& source_;
  std::vector<Level> levels_;
};

}  // namespace libcopyfile::store
