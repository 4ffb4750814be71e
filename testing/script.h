// The faults of one test, for everything that it wraps: rules (faults.h), hooks and counters. FaultyFiles, FaultyNames
// and their queues ask it before each operation. Safe from several threads.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "testing/faults.h"
#include "testing/fd_names.h"

namespace libcopyfile::test {

class Script {
 public:
  // `names` must outlive the script.
  explicit Script(FdNames& names) : names_(names) {}

  // One rule of faults.h; several add up. Throws ScratchError where it is not understood. Operations are those of Files:
  //   stat fs_info device_size access read write copy_range clone clone_range seek_data seek_hole extents reserve punch
  //   zero_range truncate sync sync_file_system start_writeback wait_writeback flush lock advise reopen resident
  // of Names:
  //   open stat_name read_link create_unnamed create_exclusive link link_name rename unlink list
  // of Attributes:
  //   set_owner set_mode set_times list_xattrs get_xattr set_xattr remove_xattr access_acl set_access_acl default_acl
  //   inode_flags set_inode_flags project set_project verity enable_verity measure_verity
  //   set_creation_label
  // where a single extended attribute is meant by `file=FILE:NAME` ("private:user.a"),
  // and of queues: queue submit reap. The transfers of a queue are read and write, too: `fail write after=3` means the
  // fourth write, whoever does it. `any` does not include queue, submit and reap, which never fail with EINTR.
  Script& inject(std::string_view rule);
  // Calls `hook` once, just before the operation that follows `after` others of its name.
  void before(std::string_view operation, uint64_t after, std::function<void()> hook);
  // No rules, no hooks, counters at 0.
  void clear();

  uint64_t calls(std::string_view operation) const;
  uint64_t bytes(std::string_view operation) const;
  uint64_t all_calls() const;

  // For the wrappers. Counts the call, runs its hook, sleeps; the rest of the verdict is theirs to carry out.
  Verdict begin(std::string_view operation, const std::string& file, uint64_t offset = 0,
                uint64_t length = 0);
  void moved(std::string_view operation, uint64_t bytes);
  uint64_t told_size(int fd, uint64_t true_size) const;
  std::optional<bool> told_data(int fd) const;
  FdNames& names() const { return names_; }

 private:
  struct Hook {
    std::string operation;
    uint64_t at = 0;  // the number of the call, from 0
    std::function<void()> action;
  };
  struct Count {
    uint64_t calls = 0;
    uint64_t bytes = 0;
  };

  std::function<void()> take_hook(std::string_view operation, uint64_t call);

  FdNames& names_;
  mutable std::mutex mutex_;
  Faults faults_;
  std::vector<Hook> hooks_;
  std::map<std::string, Count, std::less<>> counts_;
};

}  // namespace libcopyfile::test
