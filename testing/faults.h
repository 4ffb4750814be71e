// A script of faults: which call fails, falls short or tells a lie. One language for the FUSE server that lies
// (testing/liar.h) and for the wrapper of the Files interface (testing/faulty_files.h). Pure: whoever carries out the
// operations asks it before acting.
//
//   fail OPERATION errno=NAME     the call fails
//   short OPERATION bytes=N       at most N bytes are transferred
//   zero OPERATION                nothing is done and 0 is returned
//   drop OPERATION                nothing is done and success is returned; `drop read` gives zeros
//   flip read | write             one bit of the first byte is another one, in what is read or stored (not by a queue)
//   delay OPERATION ms=N          the call sleeps before it acts
//   resize OPERATION bytes=N      the file really gets N bytes long just before the call
//   lie size bytes=N | add=N      stat tells another size (add may be negative); the contents stay
//   lie seek as=data | as=hole    SEEK_DATA and SEEK_HOLE describe the whole file as data, or as one hole
//   clear                         forget all rules, counters and the log
//
// OPERATION is one of those that the user of the script names, or `any`. Every rule may be narrowed: file=NAME (a shell
// pattern), after=N (the first N calls that match are let through), every=N (of the others the first, and then each
// N-th: `fail any errno=EINTR every=2` fails each first attempt), times=N (only so many calls are affected), at=OFFSET
// (only calls whose bytes include or follow OFFSET).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace libcopyfile::test {

// What is to become of one call.
struct Verdict {
  int error = 0;                  // a positive errno: fail with it
  std::optional<uint64_t> limit;  // transfer at most this many bytes; 0: return 0
  bool drop = false;              // pretend
  bool flip = false;              // one bit of the first byte
  int delay_ms = 0;
  std::optional<uint64_t> resize;  // before the call
};

struct Rule {
  enum class Kind : uint8_t { fail, limit, drop, flip, delay, resize, lie_size, lie_seek };

  Kind kind = Kind::fail;
  std::string operation;  // empty for lies
  int64_t number = 0;     // errno, bytes, milliseconds, size, or what is added to the size
  bool relative = false;  // lie_size: added to the true size
  bool as_data = false;   // lie_seek
  std::string file;
  uint64_t after = 0;
  uint64_t every = 1;
  uint64_t times = UINT64_MAX;
  std::optional<uint64_t> at;
};

// Nothing where the text is not a rule about one of these operations.
std::optional<Rule> parse_rule(std::string_view text, std::span<const std::string_view> operations);

class Faults {
 public:
  void add(Rule rule) { rules_.push_back({std::move(rule)}); }
  void clear() { rules_.clear(); }

  // Counts the call against every rule that it matches. Where several apply, a failure outranks a short transfer, and
  // the shortest wins: with `short write bytes=1` and `fail write after=9` nine bytes are written.
  Verdict judge(std::string_view operation, std::string_view file, uint64_t offset, uint64_t length,
                bool counts_as_any = true);
  uint64_t told_size(std::string_view file, uint64_t true_size) const;
  // Where SEEK_DATA or SEEK_HOLE shall lie: true for "all data", false for "all hole".
  std::optional<bool> told_data(std::string_view file) const;

 private:
  struct Entry {
    Rule rule;
    uint64_t matched = 0;  // calls, the ones let through included
    uint64_t affected = 0;
  };

  std::vector<Entry> rules_;
};

}  // namespace libcopyfile::test
