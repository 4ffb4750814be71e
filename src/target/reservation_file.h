// Where persistent reservations with APTPL are kept: a small text file (docs/target-reservations.md), replaced as a whole and on
// stable storage before the command that changed them is answered.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "target/persistent_state.h"

namespace libcopyfile::target {

// What is kept of a state, without the checksum: nothing of it where APTPL is not asked for, and never the generation, which a
// power on sets to zero (SPC-4 6.15.2). Equal texts need no writing.
std::string encode_reservations(const PersistentState& state);
// What the file holds: `body` and the line that tells damage.
Result<std::string> with_checksum(std::string body);
// A file's text, with its checksum. EBADMSG for what was not written so, or was changed since; EOPNOTSUPP for a version that is not known. Nothing is guessed.
Result<PersistentState> decode_reservations(std::string_view text);

// One thread at a time. Copies nothing but the path.
class ReservationFile {
 public:
  explicit ReservationFile(std::string path) : path_(std::move(path)) {}

  // Whether there is anywhere to keep them.
  bool is_there() const { return !path_.empty(); }
  // A file that does not exist is a state in which nobody is registered.
  Result<PersistentState> load() const;
  // Durable, with its name, when it returns without an error. With one, the file is the old or the new one.
  Done save(const PersistentState& state) const;

 private:
  std::string path_;
};

}  // namespace libcopyfile::target
