// A small file that must be nobody else's to read: a secret.
#pragma once

#include <cstdint>
#include <string>

#include "base/error.h"

namespace libcopyfile {

struct FileProtection {
  bool regular = false;
  bool others = false;  // who neither owns it nor is in its group has some access
  bool group_writes = false;
  uint32_t owner = 0;
};
struct ProtectedText {
  FileProtection protection;
  std::string text;  // only of a regular file
};
// The file as a whole and what protects it, both of one open file, so that nobody can exchange it in between. EFBIG where it holds
// more than `most` bytes.
Result<ProtectedText> read_protected(const std::string& path, size_t most);

}  // namespace libcopyfile
