// How much the tests of trees do: COPYFILE_CRASH=full (./check --crash) for all that is promised, else a sample. Sanitizers make
// everything ten times as slow, and see no more in many files than in a few.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <string_view>

namespace libcopyfile::test {

inline constexpr bool kSanitized =
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    true;
#else
    false;
#endif

inline size_t scaled(size_t full, size_t sample, size_t sanitized) {
  const char* const crash = std::getenv("COPYFILE_CRASH");
  if (crash != nullptr && std::string_view(crash) == "full") return full;
  return kSanitized ? sanitized : sample;
}

}  // namespace libcopyfile::test
