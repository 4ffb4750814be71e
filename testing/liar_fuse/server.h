// The state of the liar: the directory that it serves, the script, and what it has been asked so far. Every operation
// is one Call: it is counted and logged when it ends, whatever way it ends. One thread serves everything, so that the
// log has the order of the requests; a `delay` therefore delays everybody.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "testing/faults.h"

namespace libcopyfile::test {

// By these names the rules, the counters and the log call them: rename2 is a rename with flags, punch, zero_range and
// allocate are fallocate. The kernel remembers ENOSYS of copy_file_range, seek_*, fallocate, fsync, *xattr and rename2
// for as long as the file system is mounted.
inline constexpr std::array<std::string_view, 33> kOperations{
    "getattr",     "open",     "create",  "read",       "write",    "copy_file_range", "seek_data",
    "seek_hole",   "allocate", "punch",   "zero_range", "truncate", "fsync",           "flush",
    "link",        "rename",   "rename2", "unlink",     "symlink",  "readlink",        "mkdir",
    "rmdir",       "chmod",    "chown",   "utimens",    "getxattr", "setxattr",        "listxattr",
    "removexattr", "opendir",  "readdir", "fsyncdir",   "statfs"};

struct Count {
  uint64_t calls = 0;
  uint64_t bytes = 0;
};

struct Server {
  Fd root;              // the directory behind
  bool cached = false;  // let the kernel keep pages (not direct_io)
  Faults faults;
  std::map<std::string, Count, std::less<>> counts;
  std::string log;

  // Carries out one line of the control file: 0 or a negative errno.
  int control(std::string_view text);
  std::string stats() const;
};

// Set once by main(), before the first request.
Server& server();

class Call {
 public:
  // `name` is the path within the mount, with or without its slash in front. `length` is that of a transfer.
  Call(std::string_view operation, std::string_view name, uint64_t offset = 0, uint64_t length = 0,
       bool transfer = false);
  ~Call();
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  // Carries out delay and resize. True where the call is decided already: return outcome() then.
  bool decided();
  int64_t outcome() const { return result_; }
  // What a transfer may move, given a `short` rule.
  uint64_t allowed() const;
  // Whether one bit of it is to be another one.
  bool flips() const { return verdict_.flip; }
  // The end of an operation: a system call's result (negative: errno counts), as the protocol wants it.
  int64_t done(int64_t result);

 private:
  void resize_file(uint64_t size) const;

  std::string operation_;
  std::string name_;
  uint64_t offset_;
  uint64_t length_;
  bool transfer_;
  Verdict verdict_;
  int64_t result_ = 0;
};

}  // namespace libcopyfile::test
