// Files with several names, of which one copy is made and the others become names of it. Only files that have more than one
// name are remembered, and those whose names have all been seen are forgotten.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <vector>

#include "tree/tree_directory.h"

namespace libcopyfile {

// A name that shall be given, in a directory that is kept open for it, or (operands) in a path.
struct LinkName {
  DirectoryPtr directory;  // null: an operand
  std::string from;        // as it is reported
  std::string to;
  std::string name;  // in the directory, or the path of an operand
  std::string out_name;
  FileStat source;
  bool replace = false;  // something has the name
  int out_dir = -1;      // of an operand
};

// Any thread at any time.
class HardLinks {
 public:
  enum class Turn : uint8_t {
    copy,  // the first name: copy it, then say done() or failed()
    wait,  // another is being copied: the name is kept, and given by whoever copies
    link,  // there is a copy: link to `original`
  };
  // For a file with stat.links > 1.
  Turn arrive(const LinkName& name, LinkName& original);
  // The copy has its name now. Those who waited, to be linked to it.
  std::vector<LinkName> done(const LinkName& name);
  // There is no copy. One of those who waited, if any, is to arrive() again: it may be copied instead.
  std::optional<LinkName> failed(const FileStat& source);

 private:
  struct File {
    std::optional<LinkName> original;
    std::vector<LinkName> waiting;
    uint64_t to_come = 0;   // names not seen yet
    bool under_way = true;  // somebody copies it
  };
  using Key = std::pair<uint64_t, uint64_t>;
  static Key key(const FileStat& s) { return {s.device, s.inode}; }

  std::mutex mutex_;
  std::map<Key, File> files_;
};

}  // namespace libcopyfile
