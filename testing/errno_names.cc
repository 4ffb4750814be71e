#include "testing/errno_names.h"

#include <cstring>

namespace libcopyfile::test {

std::string errno_name(int code) {
  const char* name = strerrorname_np(code);
  return name != nullptr ? name : std::to_string(code);
}

std::optional<int64_t> errno_from_name(std::string_view name) {
  constexpr int kLargest = 133;                // EHWPOISON, the last of asm-generic/errno.h
  if (name == "ENOTSUP") name = "EOPNOTSUPP";  // one number, and glibc names it so
  for (int code = 1; code <= kLargest; ++code) {
    const char* known = strerrorname_np(code);
    if (known != nullptr && name == known) return code;
  }
  return std::nullopt;
}

}  // namespace libcopyfile::test
