// A file that has no name until it is complete.
//
// create() makes an unnamed file (O_TMPFILE) in the directory of the name that it will get, or, where the file system has no
// such thing, one with a private name (private_name.h, mode 0600). commit() makes it stable as asked and gives it its name in
// one step. Destroyed without commit() it is gone, and so it is after a crash, except that a private name may be left, for
// sweep() (sweep.h): while it is in use, its file is locked.
// Once the name is there, nothing here takes it away again.
//
// What is not promised: with Durability::none the kernel may put the name on stable storage before the contents, and with
// ordered the name itself may be lost in a crash. No level helps against storage that lies about flushes.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/fd.h"
#include "sys/names.h"

namespace libcopyfile {

enum class Replace : uint8_t { never, file };
enum class Durability : uint8_t { ordered, none, durable };  // the values of COPYFILE_ORDERED...

struct Published {
  Durability reached = Durability::none;
  // Set if something failed behind the point of no return: the name is there and complete, but not as durable as asked.
  std::optional<Error> late;
};

class PendingFile {
 public:
  // `dir` outlives the pending file; `name` is one component. The file is open for reading and writing, mode 0600.
  static Result<PendingFile> create(Files& files, Names& names, int dir, std::string name,
                                    Replace replace);
  // In a directory that nobody else sees (pending_directory.h) a file has its name from the beginning, and `mode` less the
  // umask. EEXIST if the name is taken.
  static Result<PendingFile> create_unseen(Files& files, Names& names, int dir, std::string name,
                                           uint32_t mode);
  PendingFile(PendingFile&& other) noexcept;
  PendingFile& operator=(PendingFile&&) = delete;
  ~PendingFile();

  int fd() const { return fd_.get(); }
  const std::string& name() const { return name_; }
  // Whether fd() is younger than what was written: it may not have been there when that was lost.
  bool is_reopened() const { return reopened_; }
  // From now on fd() is for reading only, and nobody has one for writing: as fs-verity wants it.
  Done make_read_only();
  // EEXIST with Replace::never if the name is taken by then. After an error the file is gone.
  Result<Published> commit(Durability durability) &&;

  // The steps of commit(), for a Batch. After an error of one of them the file must not be published.
  Done make_stable();
  Done give_name();
  // Makes the names in the directory of this file stable.
  Done sync_directory();
  int directory() const { return dir_; }

 private:
  PendingFile(Files& files, Names& names, int dir, std::string name, Replace replace)
      : files_(files), names_(names), dir_(dir), name_(std::move(name)), replace_(replace) {}

  Done make_named();
  bool is_ours_alone(int fd, std::string_view private_name);
  Result<Fd> open_again();
  Done link_privately();
  Done rename_over();
  Done rename_without_replacing();
  bool has_arrived();

  Files& files_;
  Names& names_;
  int dir_;
  std::string name_;
  Replace replace_;
  Fd fd_;
  std::string private_name_;  // empty while it has no name at all
  bool reopened_ = false;
};

}  // namespace libcopyfile
