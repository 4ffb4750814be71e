#include "store/tar_format.h"

#include <algorithm>

namespace libcopyfile::store {
namespace {

constexpr size_t kNameBytes = 100;
constexpr uint64_t kMostSize = 077777777777;  // 11 octal digits

std::string octal(uint64_t value, size_t digits) {
  std::string text(digits, '0');
  for (size_t i = digits; i > 0 && value > 0; --i, value >>= 3) {
    text[i - 1] = static_cast<char>('0' + (value & 7));
  }
  return text;
}

std::string ustar(const TarFile& file, char type) {
  std::string block(kTarBlock, '\0');
  const auto put = [&](size_t at, const std::string& text) {
    std::copy(text.begin(), text.end(), block.begin() + static_cast<std::ptrdiff_t>(at));
  };
  const auto seconds = static_cast<uint64_t>(std::max<int64_t>(0, file.modified.seconds));
  put(0, file.name.substr(0, kNameBytes));
  put(100, octal(file.mode & 0777, 7));
  put(108, octal(0, 7));
  put(116, octal(0, 7));
  put(124, octal(std::min(file.size, kMostSize), 11));
  put(136, octal(std::min(seconds, kMostSize), 11));
  put(148, std::string(8, ' '));
  block[156] = type;
  put(257, std::string("ustar\0"
                       "00",
                       8));
  unsigned sum = 0;
  for (const char c : block) sum += static_cast<unsigned char>(c);
  put(148, octal(sum, 6) + std::string("\0 ", 2));
  return block;
}

// "LENGTH key=value\n", where the length counts its own digits.
std::string record(const std::string& key, const std::string& value) {
  const std::string rest = " " + key + "=" + value + "\n";
  size_t length = rest.size();
  while (std::to_string(length).size() + rest.size() != length) {
    length = std::to_string(length).size() + rest.size();
  }
  return std::to_string(length) + rest;
}

}  // namespace

std::string tar_header(const TarFile& file) {
  std::string records;
  const auto& name = file.name;
  const bool plain =
      std::all_of(name.begin(), name.end(), [](char c) { return c >= 32 && c < 127; });
  if (name.size() > kNameBytes || !plain) records += record("path", name);
  if (file.size > kMostSize) records += record("size", std::to_string(file.size));
  if (file.modified.seconds < 0 || static_cast<uint64_t>(file.modified.seconds) > kMostSize) {
    records += record("mtime", std::to_string(file.modified.seconds));
  }
  std::string header;
  if (!records.empty()) {
    header = ustar({"PaxHeaders/file", records.size(), 0644, file.modified}, 'x') + records;
    header.append(static_cast<size_t>(tar_padding(records.size())), '\0');
  }
  return header + ustar(file, '0');
}

}  // namespace libcopyfile::store
