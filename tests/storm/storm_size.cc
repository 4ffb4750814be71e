#include "storm_size.h"

#include <cstdlib>
#include <string_view>

namespace libcopyfile::test {
namespace {

uint64_t number_in(const char* name, uint64_t otherwise) {
  const char* const text = std::getenv(name);
  return text != nullptr && *text != '\0' ? std::strtoull(text, nullptr, 10) : otherwise;
}

}  // namespace

bool storm_is_full() {
  const char* const crash = std::getenv("COPYFILE_CRASH");
  return crash != nullptr && std::string_view(crash) == "full";
}

size_t storm_copies() {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  const size_t sample = 70;  // each takes a hundred times as long, most of it to start the program
#else
  const size_t sample = 210;
#endif
  return number_in("COPYFILE_STORM_COPIES", storm_is_full() ? 2000 : sample);
}

uint64_t storm_seed() { return number_in("COPYFILE_CRASH_SEED", 1); }

}  // namespace libcopyfile::test
