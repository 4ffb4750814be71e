// Names: what can be done to directory entries. Always a directory descriptor and a name in it. The seam for publish tests,
// as Files is for data. All methods may be called from several threads at once.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "base/fd.h"
#include "sys/files.h"

namespace libcopyfile {

// AT_FDCWD: names are relative to the working directory of the process.
inline constexpr int kCurrentDirectory = -100;

enum class Open : uint8_t {
  read,
  read_no_follow,  // ELOOP for a symbolic link
  look,            // the same, and never waits for the other end of a pipe
  look_and_lock,   // the same, for reading and writing
  write,           // an existing file, device or pipe; its contents stay
  read_write,
  directory,
  directory_no_follow,  // ELOOP or ENOTDIR for a symbolic link
  directory_path,       // O_PATH: for naming only, needs no permission to read
  look_path,  // O_PATH, of any file: its metadata can be asked, in part, without permission to read
  path,       // O_PATH, through links: to look at, without what opening does to pipes and devices
};
enum class Rename : uint8_t { replace, no_replace, exchange };

struct Entry {
  std::string name;
  FileType type = FileType::other;  // `other` also where the file system does not tell
  uint64_t inode = 0;
};

class Names {
 public:
  virtual ~Names() = default;

  virtual Result<Fd> open(int dir, const std::string& name, Open how) = 0;
  virtual Result<FileStat> stat(int dir, const std::string& name, bool follow) = 0;
  // What a symbolic link says. EINVAL where the name is not one.
  virtual Result<std::string> read_link(int dir, const std::string& name) = 0;

  // O_TMPFILE in `dir`, open for reading and writing.
  virtual Result<Fd> create_unnamed(int dir, uint32_t mode) = 0;
  // O_CREAT | O_EXCL | O_NOFOLLOW, open for reading and writing.
  virtual Result<Fd> create_exclusive(int dir, const std::string& name, uint32_t mode) = 0;
  // Gives an unnamed file its name: linkat(2) by AT_EMPTY_PATH, else through /proc. EEXIST where the name is taken.
  virtual Done link(int fd, int dir, const std::string& name) = 0;
  // A second name for a named file.
  virtual Done link_name(int dir, const std::string& from, int to_dir, const std::string& to) = 0;
  virtual Done rename(int dir, const std::string& from, const std::string& to, Rename how) = 0;
  virtual Done unlink(int dir, const std::string& name) = 0;
  virtual Done make_directory(int dir, const std::string& name, uint32_t mode) = 0;
  virtual Done remove_directory(int dir, const std::string& name) = 0;
  virtual Done make_link(int dir, const std::string& name, const std::string& target) = 0;
  // mknod(2) of a device, pipe or socket: `type` is one of S_IFMT; `device` as FileStat::special_device.
  virtual Done make_node(int dir, const std::string& name, uint32_t type, uint64_t device) = 0;
  // What is in the directory, without "." and "..", in no particular order. `dir` is open for reading.
  virtual Result<std::vector<Entry>> list(int dir) = 0;
  // The same in pieces of a few hundred: each call goes on where the last one ended, and moves the position of `dir`. Nothing:
  // that was all.
  virtual Result<std::vector<Entry>> list_more(int dir) = 0;
};

}  // namespace libcopyfile
