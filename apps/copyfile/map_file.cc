#include "copyfile/map_file.h"

#include "extents/read_extents.h"
#include "facts/read_facts.h"
#include "sys/transfer.h"

namespace libcopyfile::app {
namespace {

// Whether `next` goes on where `last` ends, on the device too: file systems cut long runs into extents of their largest
// size (128 MiB on ext4), which says nothing about the file.
bool continues(const RawExtent& last, const RawExtent& next) {
  return last.logical.end == next.logical.begin && !last.encoded && !next.encoded &&
         !last.delayed && !next.delayed && last.unwritten == next.unwritten &&
         last.shared == next.shared && last.physical + last.logical.length() == next.physical;
}

// All that FIEMAP tells of the file, behind its end too. Without sync: looking at a file should not make it be written.
Result<std::vector<RawExtent>> read_places(Files& files, int fd) {
  std::vector<RawExtent> all;
  std::array<RawExtent, 256> some;
  uint64_t at = 0;
  for (;;) {
    const Result<size_t> count = retry_interrupted([&] {
      return files.extents(fd, {at, kMaxOffset}, false, some);
    });
    if (!count) return fail(count.error());
    const uint64_t before = at;
    for (const RawExtent& e : std::span(some).first(*count)) {
      // What begins before `at` was told before, or is nonsense of a server; either way it is no news.
      if (e.logical.begin < at || e.logical.empty()) continue;
      at = e.logical.end;
      if (!all.empty() && continues(all.back(), e)) {
        all.back().logical.end = e.logical.end;
      } else {
        all.push_back(e);
      }
    }
    if (*count < some.size() || at == before || at >= kMaxOffset) return all;
  }
}

// Cuts `extent` where its places change.
class Places {
 public:
  explicit Places(std::span<const RawExtent> all) : rest_(all) {}

  void cut(const Extent& extent, std::vector<Piece>& pieces) {
    Range left = extent.range;
    while (!rest_.empty() && rest_.front().logical.end <= left.begin) rest_ = rest_.subspan(1);
    if (extent.kind != ExtentKind::hole) {
      for (const RawExtent& e : rest_) {
        const Range part = e.logical.clipped(left);
        if (part.begin >= left.end) break;
        if (part.empty()) continue;
        if (left.begin < part.begin) pieces.push_back({{left.begin, part.begin}, extent.kind});
        pieces.push_back(placed(e, part, extent.kind));
        left.begin = part.end;
      }
    }
    if (!left.empty()) pieces.push_back({left, extent.kind});
  }

 private:
  static Piece placed(const RawExtent& e, Range part, ExtentKind kind) {
    Piece piece{part, kind, e.shared};
    if (!e.delayed && !e.encoded) piece.physical = e.physical + (part.begin - e.logical.begin);
    return piece;
  }

  std::span<const RawExtent> rest_;
};

// The rest of the block that the end of the file is in belongs to the file.
uint64_t end_of_last_block(uint64_t block, uint64_t size) {
  return block == 0 || size > kMaxOffset - block ? size : align_up(size, block);
}

uint64_t unwritten_behind(std::span<const RawExtent> all, uint64_t end) {
  uint64_t sum = 0;
  for (const RawExtent& e : all) {
    if (e.unwritten && e.logical.end > end) sum += e.logical.end - std::max(e.logical.begin, end);
  }
  return sum;
}

void count(FileMap& map) {
  for (const Piece& p : map.pieces) {
    const uint64_t length = p.range.length();
    if (p.shared) map.shared += length;
    switch (p.kind) {
      case ExtentKind::data: map.data += length; break;
      case ExtentKind::unwritten: map.preallocated += length; break;
      case ExtentKind::hole: map.holes += length; break;
    }
  }
}

}  // namespace

Result<FileMap> read_map(Files& files, int fd, std::string name) {
  const Result<SideFacts> facts = read_side(files, fd, true);
  if (!facts) return fail(facts.error());
  FileMap map;
  map.name = std::move(name);
  map.size = facts->size;
  map.made_up = facts->fs_class == FsClass::made_up;
  map.allocated = facts->stat.blocks * 512;

  const std::array whole{Range{0, map.size}};
  const Result<ExtentMap> kinds = read_extents(files, {fd, true, map.size}, whole);
  if (!kinds) return fail(kinds.error());

  std::vector<RawExtent> raw;
  if (Result<std::vector<RawExtent>> places = read_places(files, fd)) {
    raw = std::move(*places);
  } else if (is_not_supported(places.error().code) || places.error().code == EINVAL ||
             places.error().code == EPERM) {
    map.refused = places.error().code;
  } else {
    return fail(places.error());
  }
  map.extents = raw.size();
  map.behind_end = unwritten_behind(raw, end_of_last_block(facts->fs.block_size, map.size));

  Places places(raw);
  for (const Extent& e : kinds->all()) places.cut(e, map.pieces);
  count(map);
  return map;
}

}  // namespace libcopyfile::app
