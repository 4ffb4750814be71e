#include "hex.h"

#include <fmt/format.h>

#include <sstream>

namespace libcopyfile::test {

wire::Bytes hex(std::string_view text) {
  wire::Bytes bytes;
  std::istringstream words{std::string(text)};
  for (std::string word; words >> word;) {
    const size_t star = word.find('*');
    const size_t times = star == std::string::npos ? 1 : std::stoul(word.substr(star + 1));
    const std::string digits = word.substr(0, star);
    wire::Bytes one;
    for (size_t i = 0; i + 1 < digits.size(); i += 2) {
      one.push_back(static_cast<uint8_t>(std::stoul(digits.substr(i, 2), nullptr, 16)));
    }
    for (size_t i = 0; i < times; ++i) bytes.insert(bytes.end(), one.begin(), one.end());
  }
  return bytes;
}

std::string dump(wire::View bytes) {
  std::string text;
  for (size_t i = 0; i < bytes.size(); ++i) {
    text += fmt::format("{:02x}{}", bytes.u8(i), i % 16 == 15 ? "\n" : " ");
  }
  return text;
}

}  // namespace libcopyfile::test
