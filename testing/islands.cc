#include "testing/islands.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <sstream>

#include "testing/scratch_error.h"
#include "testing/seccomp.h"
#include "testing/stamped.h"

namespace libcopyfile::test {
namespace {

uint64_t size_from(const std::string& text) {
  size_t used = 0;
  uint64_t value = std::stoull(text, &used);
  const std::string unit = text.substr(used);
  if (unit == "K")
    value <<= 10;
  else if (unit == "M")
    value <<= 20;
  else if (unit == "G")
    value <<= 30;
  else if (!unit.empty())
    throw ScratchError("not a size: " + text);
  return value;
}

void write_island(const Fd& fd, Range range, uint8_t file) {
  std::vector<std::byte> buffer(std::min<uint64_t>(range.length(), 1 << 20));
  for (uint64_t at = range.begin; at < range.end;) {
    const size_t n = std::min<uint64_t>(buffer.size(), range.end - at);
    fill_stamped(std::span(buffer).first(n), file, at);
    const ssize_t written = pwrite(fd.get(), buffer.data(), n, static_cast<off_t>(at));
    if (written <= 0) throw ScratchError::of_errno("write test data");
    at += static_cast<uint64_t>(written);
  }
}

}  // namespace

uint64_t choose(std::mt19937_64& random, uint64_t below) { return random() % below; }

Layout random_layout(uint64_t seed, uint64_t size, uint64_t granule) {
  std::mt19937_64 random(seed);
  Layout layout;
  for (uint64_t at = 0; at < size;) {
    // Lengths over four orders of magnitude: both runs of tiny islands and long ones occur.
    const uint64_t length = granule * (1 + choose(random, uint64_t{1} << choose(random, 13)));
    auto content = static_cast<Content>(choose(random, 3));
    if (!layout.empty() && layout.back().content == content) {
      content = content == Content::data ? Content::hole : Content::data;
    }
    layout.push_back({{at, std::min(size, at + length)}, content});
    at = layout.back().range.end;
  }
  return layout;
}

Layout layout_of(const std::string& text) {
  Layout layout;
  std::istringstream items(text);
  uint64_t at = 0;
  for (std::string item; std::getline(items, item, ',');) {
    std::istringstream words(item);
    std::string kind;
    std::string length;
    words >> kind >> length;
    const Content content = kind == "hole"        ? Content::hole
                            : kind == "unwritten" ? Content::unwritten
                                                  : Content::data;
    if (content == Content::data && kind != "data") throw ScratchError("not an island: " + item);
    layout.push_back({{at, at + size_from(length)}, content});
    at = layout.back().range.end;
  }
  return layout;
}

Fd make_file(const std::string& path, const Layout& layout, uint8_t file) {
  Fd fd(open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (!fd.valid()) throw ScratchError::of_errno("make " + path);
  const uint64_t size = layout.empty() ? 0 : layout.back().range.end;
  if (ftruncate(fd.get(), static_cast<off_t>(size)) != 0)
    throw ScratchError::of_errno("size " + path);
  for (const Island& island : layout) {
    const Range r = island.range;
    if (island.content == Content::data) write_island(fd, r, file);
    if (island.content == Content::unwritten &&
        fallocate(fd.get(), FALLOC_FL_KEEP_SIZE, static_cast<off_t>(r.begin),
                  static_cast<off_t>(r.length())) != 0 &&
        !is_refused("no-fallocate")) {
      throw ScratchError::of_errno("preallocate in " + path);
    }
  }
  return fd;
}

Oracle oracle_of(const Layout& layout, uint8_t file) {
  Oracle oracle;
  for (const Island& island : layout) {
    if (island.content == Content::data) oracle.write_stamped(island.range, file);
  }
  if (!layout.empty()) oracle.truncate(layout.back().range.end);
  return oracle;
}

}  // namespace libcopyfile::test
