#include "content.h"

#include <algorithm>
#include <map>
#include <span>
#include <utility>

#include "testing/stamped.h"

namespace libcopyfile::test {
namespace {

constexpr uint32_t kFiles = 250;

}  // namespace

const std::string& stamped_content(uint32_t number, uint64_t size) {
  static std::map<std::pair<uint32_t, uint64_t>, std::string> kept;
  const auto [found, is_new] = kept.try_emplace({number, size});
  if (is_new) {
    found->second.resize(size);
    fill_stamped(std::as_writable_bytes(std::span(found->second)),
                 static_cast<uint8_t>(1 + number % kFiles), uint64_t{number / kFiles} << 32);
  }
  return found->second;
}

std::string describe(const std::string& found, const std::string& wanted) {
  const auto [there, here] = std::mismatch(
      found.begin(), found.begin() + static_cast<ptrdiff_t>(std::min(found.size(), wanted.size())),
      wanted.begin());
  const auto good = static_cast<size_t>(there - found.begin());
  std::string text = std::to_string(found.size()) + " bytes";
  if (good == found.size()) return text + ", all of them the beginning of what it should be";
  const std::string_view rest = std::string_view(found).substr(good & ~size_t{7}, 64);
  return text + ", as it should be up to " + std::to_string(good) +
         ", then: " + identify(std::as_bytes(std::span(rest)));
}

}  // namespace libcopyfile::test
