// A directory that gets its name when everything in it is complete: what PendingFile is for files.
//
// create() makes a directory with a private name (private_name.h, mode 0700) beside the name that it will get, and holds a lock
// on it, so that sweep() knows that it is in use. What is made in it nobody else sees. commit() makes all of it stable by one
// sync of the file system and renames it. Destroyed without commit() it is gone with everything in it; a crash leaves it for
// sweep().
#pragma once

#include <optional>
#include <string>

#include "publish/pending_file.h"
#include "sys/attributes.h"

namespace libcopyfile {

class PendingDirectory {
 public:
  // `dir` outlives it; `name` is one component. `resume_as`: the private name that it shall have, where what an earlier copy
  // left under it is taken over; EBUSY while that copy is under way, EACCES if it is not ours. Else the name is new.
  static Result<PendingDirectory> create(Files& files, Names& names, Attributes& attributes,
                                         int dir, std::string name,
                                         const std::optional<std::string>& resume_as = {});
  PendingDirectory(PendingDirectory&& other) noexcept;
  PendingDirectory& operator=(PendingDirectory&&) = delete;
  ~PendingDirectory();

  int fd() const { return fd_.get(); }
  // Whether that is the directory: who may write to `dir` may exchange what has the private name.
  bool is(const FileStat& other) const;
  const std::string& name() const { return name_; }
  const std::string& private_name() const { return private_name_; }
  bool resumed() const { return resumed_; }
  // Not removed when destroyed: for create() with the same `resume_as`.
  void keep() { kept_ = true; }

  // EEXIST if the name is taken by then, ESTALE if something else has the private name. `stable`: everything in it has been synced already.
  Result<Published> commit(Durability durability, bool stable) &&;

 private:
  PendingDirectory(Files& files, Names& names, Attributes& attributes, int dir, std::string name)
      : files_(files), names_(names), attributes_(attributes), dir_(dir), name_(std::move(name)) {}

  Result<bool> take(const std::string& candidate, bool resumed);
  Done give_name();

  Files& files_;
  Names& names_;
  Attributes& attributes_;
  int dir_;
  std::string name_;
  std::string private_name_;  // empty once it has its name
  Fd fd_;
  FileStat identity_;
  bool resumed_ = false;
  bool kept_ = false;
};

}  // namespace libcopyfile
