// Files of checksums, as sha256sum(1) writes and reads them:
//   HEX  name      HEX *name      \HEX  na\nme      SHA256 (name) = HEX
// In a name behind a backslash at the beginning of the line, \\ \n and \r stand for themselves. The form with the algorithm in front
// (sha256sum --tag) may also have XXH128, as xxhsum(1) writes it. Lines of other algorithms, comments and what is around a
// signature are passed over, as sha256sum does.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "copyfile/sizes.h"
#include "verify/digest.h"

namespace libcopyfile::app {

inline constexpr uint64_t kMaxChecksumsBytes = uint64_t{256} << 20;

class Checksums {
 public:
  // How many lines were entries.
  size_t add(std::string_view text);

  // SHA-256 where there is one, for a source as it was named, and where no line has that name, for its last component. A phrase where there is none, or two
  // that differ: "no line of the checksums names 'x'".
  Parsed<Digest> find(const std::string& source) const;

 private:
  struct Entry {
    Digest digest;
    bool ambiguous = false;
  };
  void add_entry(std::string name, const Digest& digest);

  std::map<std::string, Entry, std::less<>> entries_;
};

// One line without its end; nothing if it is no entry.
struct ChecksumLine {
  std::string name;
  Digest digest;
};
std::optional<ChecksumLine> parse_checksum_line(std::string_view line);
// As sha256sum prints it, with the line's end.
std::string checksum_line(const ChecksumLine& line);

}  // namespace libcopyfile::app
