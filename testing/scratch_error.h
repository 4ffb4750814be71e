// What the test infrastructure throws when the machine does not give it what it needs. GoogleTest turns it into a
// failure of the test with this text; nothing is ever skipped because of it.
#pragma once

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string>

namespace libcopyfile::test {

class ScratchError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;

  // "cannot mount xfs: Operation not permitted (run as root)"
  static ScratchError of_errno(const std::string& what, int code = errno) {
    std::string text = "cannot " + what + ": " + std::strerror(code);
    if (code == EPERM || code == EACCES) text += " (run as root)";
    return ScratchError(text);
  }
};

}  // namespace libcopyfile::test
