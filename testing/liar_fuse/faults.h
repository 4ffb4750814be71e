// The liar's script: which call fails, falls short or tells a lie. Pure; the operations ask it before they act.
//
//   fail OPERATION errno=NAME     the call fails
//   short OPERATION bytes=N       at most N bytes are transferred
//   zero OPERATION                nothing is done and 0 is returned
//   drop OPERATION                nothing is done and success is returned; `drop read` gives zeros
//   delay OPERATION ms=N          the server sleeps before it acts
//   resize OPERATION bytes=N      the file really gets N bytes long just before the call
//   lie size bytes=N | add=N      stat tells another size (add may be negative); the contents stay
//   lie seek as=data | as=hole    SEEK_DATA and SEEK_HOLE describe the whole file as data, or as one hole
//   clear                         forget all rules, counters and the log
//
// Every rule may be narrowed: file=NAME (a shell pattern for the name within the mount, as it was opened), after=N (the
// first N calls that match are let through), times=N (only so many calls are affected), at=OFFSET (only calls whose
// bytes include or follow OFFSET).
//
// Operations: getattr open create read write copy_file_range seek_data seek_hole allocate punch zero_range truncate
// fsync flush link rename rename2 (with flags) unlink symlink readlink mkdir rmdir chmod chown utimens getxattr setxattr
// listxattr removexattr readdir fsyncdir statfs.
// The kernel remembers ENOSYS of copy_file_range, seek_*, allocate, fsync, *xattr and rename2 for as long as the file
// system is mounted.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace libcopyfile::test {

inline constexpr std::array kOperations{
    "getattr",     "open",     "create",   "read",       "write",    "copy_file_range", "seek_data",
    "seek_hole",   "allocate", "punch",    "zero_range", "truncate", "fsync",           "flush",
    "link",        "rename",   "rename2",  "unlink",     "symlink",  "readlink",        "mkdir",
    "rmdir",       "chmod",    "chown",    "utimens",    "getxattr", "setxattr",        "listxattr",
    "removexattr", "readdir",  "fsyncdir", "statfs"};

// What is to become of one call.
struct Verdict {
  int error = 0;                  // a positive errno: fail with it
  std::optional<uint64_t> limit;  // transfer at most this many bytes; 0: return 0
  bool drop = false;              // pretend
  int delay_ms = 0;
  std::optional<uint64_t> resize;  // before the call
};

struct Rule {
  enum class Kind : uint8_t { fail, limit, drop, delay, resize, lie_size, lie_seek };

  Kind kind = Kind::fail;
  std::string operation;  // empty for lies
  int64_t number = 0;     // errno, bytes, milliseconds, size, or what is added to the size
  bool relative = false;  // lie_size: added to the true size
  bool as_data = false;   // lie_seek
  std::string file;
  uint64_t after = 0;
  uint64_t times = UINT64_MAX;
  std::optional<uint64_t> at;
};

// Nothing where the text is not a rule.
std::optional<Rule> parse_rule(std::string_view text);

class Faults {
 public:
  void add(Rule rule) { rules_.push_back(std::move(rule)); }
  void clear() { rules_.clear(); }

  // Counts the call against the rules that it matches. The first rule that decides the outcome wins; delays and
  // resizing are found besides.
  Verdict judge(std::string_view operation, std::string_view file, uint64_t offset,
                uint64_t length);
  uint64_t told_size(std::string_view file, uint64_t true_size) const;
  // Where SEEK_DATA or SEEK_HOLE shall lie: true for "all data", false for "all hole".
  std::optional<bool> told_data(std::string_view file) const;

 private:
  std::vector<Rule> rules_;
};

}  // namespace libcopyfile::test
