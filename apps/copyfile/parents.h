// --parents: the directories between the target directory and the last component of each source.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "copyfile/context.h"

namespace libcopyfile::app {

// As cp(1): what is missing is made like the directory of the source, with rights for the owner until all is copied. Where
// anything was missing, and metadata is preserved, those that were there are given theirs, too.
class ParentDirectories {
 public:
  ParentDirectories(Context& context, std::string directory)
      : c_(context), directory_(std::move(directory)) {}

  // Before `source` is copied to its name in the directory. False if it can't be, which has been told.
  bool make(const std::string& source);
  // When everything is copied: times would not last until then. False if something that must be preserved was not.
  bool finish();

 private:
  struct Parent {
    std::string from;
    std::string to;  // as in messages
    FileStat source;
    uint64_t device = 0;
    uint64_t inode = 0;
    std::optional<uint32_t> mode;  // to be given in the end, where rights were added for the owner
  };

  // One directory below `dir`, made if it is missing. Not open if it can't be.
  Fd enter(int dir, const std::string& name, Parent parent);
  bool create(int dir, const std::string& name, const Parent& parent);
  bool give(const Parent& parent);
  bool give_owner(int fd, const Parent& parent, uint32_t& mode);
  bool give_mode(int fd, const Parent& parent, uint32_t mode);
  bool failed(const Parent& parent, const std::string& text, int code = 0);

  Context& c_;
  std::string directory_;
  std::vector<Parent>
      parents_;  // those that are to be given something in the end, the outer ones first
};

}  // namespace libcopyfile::app
