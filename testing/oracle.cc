#include "testing/oracle.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "testing/stamped.h"

namespace libcopyfile::test {
namespace {

constexpr size_t kPiece = 1 << 20;

// Calls visit(index of the chunk, offset in it, offset in the range, length) for each chunk that the range touches.
template <class Visit>
void for_chunks(Range range, uint64_t chunk, Visit visit) {
  for (uint64_t at = range.begin; at < range.end;) {
    const uint64_t inside = at % chunk;
    const uint64_t n = std::min(chunk - inside, range.end - at);
    visit(at / chunk, inside, at - range.begin, n);
    at += n;
  }
}

std::string describe_difference(uint64_t at, uint64_t size, std::span<const std::byte> want,
                                std::span<const std::byte> got) {
  const auto [w, g] = std::mismatch(want.begin(), want.end(), got.begin());
  const auto first = static_cast<size_t>(w - want.begin());
  size_t differing = 0;
  for (size_t i = first; i < want.size(); ++i) differing += want[i] != got[i];
  const auto window = [first](std::span<const std::byte> all) {
    return all.subspan(first, std::min<size_t>(15, all.size() - first));
  };
  return "at " + std::to_string(at + first) + " of " + std::to_string(size) + ": should be " +
         identify(window(want)) + ", is " + identify(window(got)) + " (" +
         std::to_string(differing) + " bytes differ up to " + std::to_string(at + want.size()) +
         ")";
}

// The first offset from `at` on where either the file has data or something was written.
uint64_t next_data(int fd, uint64_t at, uint64_t size, std::span<const Range> written) {
  const off_t data = lseek(fd, static_cast<off_t>(at), SEEK_DATA);
  if (data < 0 && errno != ENXIO) return at;  // it can't be asked: every byte has to be read
  uint64_t next = data < 0 ? size : static_cast<uint64_t>(data);
  for (const Range& w : written) {
    if (w.end > at) next = std::min(next, std::max(at, w.begin));
  }
  return next;
}

}  // namespace

void Oracle::truncate(uint64_t size) {
  if (size < size_) zero({size, size_});
  size_ = size;
}

void Oracle::write(uint64_t offset, std::span<const std::byte> bytes) {
  const Range range{offset, offset + bytes.size()};
  for_chunks(range, kChunk, [&](uint64_t index, uint64_t inside, uint64_t done, uint64_t n) {
    Chunk& chunk = chunks_.try_emplace(index, kChunk).first->second;
    std::memcpy(chunk.data() + inside, bytes.data() + done, n);
  });
  if (!range.empty()) size_ = std::max(size_, range.end);
}

void Oracle::write_stamped(Range range, uint8_t file, uint64_t stamps_from) {
  for_chunks(range, kChunk, [&](uint64_t index, uint64_t inside, uint64_t done, uint64_t n) {
    Chunk& chunk = chunks_.try_emplace(index, kChunk).first->second;
    fill_stamped(std::span(chunk).subspan(inside, n), file, stamps_from + done);
  });
  if (!range.empty()) size_ = std::max(size_, range.end);
}

void Oracle::zero(Range range) {
  if (range.empty()) return;
  auto chunk = chunks_.lower_bound(range.begin / kChunk);
  while (chunk != chunks_.end() && chunk->first * kChunk < range.end) {
    const uint64_t start = chunk->first * kChunk;
    const Range inside = Range{start, start + kChunk}.clipped(range);
    std::fill_n(chunk->second.begin() + static_cast<ptrdiff_t>(inside.begin - start),
                inside.length(), std::byte{0});
    chunk = inside.length() == kChunk ? chunks_.erase(chunk) : std::next(chunk);
  }
  size_ = std::max(size_, range.end);
}

uint64_t Oracle::copy(const Oracle& source, const CopyRange& range) {
  if (range.in >= source.size_) return 0;
  const uint64_t length = std::min(range.length, source.size_ - range.in);
  const CopyRange cut = range.part(0, length);
  // Collected first, for the source may be this file.
  std::vector<std::pair<uint64_t, Chunk>> pieces;
  for (auto chunk = source.chunks_.lower_bound(cut.in / kChunk);
       chunk != source.chunks_.end() && chunk->first * kChunk < cut.in + length; ++chunk) {
    const uint64_t start = chunk->first * kChunk;
    const Range inside = Range{start, start + kChunk}.clipped(cut.source());
    const auto from = chunk->second.begin() + static_cast<ptrdiff_t>(inside.begin - start);
    pieces.emplace_back(cut.out + (inside.begin - cut.in),
                        Chunk(from, from + static_cast<ptrdiff_t>(inside.length())));
  }
  zero(cut.destination());
  for (const auto& [offset, bytes] : pieces) write(offset, bytes);
  return length;
}

void Oracle::read(uint64_t offset, std::span<std::byte> into) const {
  for_chunks({offset, offset + into.size()}, kChunk,
             [&](uint64_t index, uint64_t inside, uint64_t done, uint64_t n) {
               const auto found = chunks_.find(index);
               if (found == chunks_.end()) {
                 std::memset(into.data() + done, 0, n);
               } else {
                 std::memcpy(into.data() + done, found->second.data() + inside, n);
               }
             });
}

std::vector<Range> Oracle::written() const {
  std::vector<Range> ranges;
  for (const auto& [index, chunk] : chunks_) {
    const uint64_t start = index * kChunk;
    if (!ranges.empty() && ranges.back().end == start) {
      ranges.back().end += kChunk;
    } else {
      ranges.push_back({start, start + kChunk});
    }
  }
  return ranges;
}

::testing::AssertionResult holds(int fd, const Oracle& oracle, Trust trust) {
  struct stat now {};
  if (fstat(fd, &now) != 0)
    return ::testing::AssertionFailure() << "fstat: " << std::strerror(errno);
  const auto size = static_cast<uint64_t>(now.st_size);
  if (size != oracle.size()) {
    return ::testing::AssertionFailure()
           << "the size should be " << oracle.size() << ", is " << size;
  }
  const std::vector<Range> written = oracle.written();
  std::vector<std::byte> want(kPiece);
  std::vector<std::byte> got(kPiece);
  for (uint64_t at = 0; at < size; at += kPiece) {
    if (trust == Trust::holes) at = next_data(fd, at, size, written);
    const Range piece = Range{at, at + kPiece}.clipped({0, size});
    if (piece.empty()) break;
    want.resize(piece.length());
    got.resize(piece.length());
    oracle.read(at, want);
    const ssize_t n = pread(fd, got.data(), got.size(), static_cast<off_t>(at));
    if (n != static_cast<ssize_t>(got.size())) {
      return ::testing::AssertionFailure()
             << "reading at " << at << " gave " << n << ": " << std::strerror(errno);
    }
    if (want != got)
      return ::testing::AssertionFailure() << describe_difference(at, size, want, got);
  }
  return ::testing::AssertionSuccess();
}

}  // namespace libcopyfile::test
