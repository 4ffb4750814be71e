#include "testing/inspect.h"

#include <fcntl.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "testing/scratch_error.h"
#include "testing/seccomp.h"

namespace libcopyfile::test {
namespace {

uint64_t size_of(int fd) {
  struct stat now {};
  if (fstat(fd, &now) != 0) throw ScratchError::of_errno("fstat");
  return static_cast<uint64_t>(now.st_size);
}

// The one with the byte at `offset`; nullptr where that is a hole.
const FileExtent* extent_at(const std::vector<FileExtent>& extents, uint64_t offset) {
  for (const FileExtent& e : extents) {
    if (e.logical.contains(offset) && !e.unwritten()) return &e;
  }
  return nullptr;
}

// Where on the medium.
uint64_t address_in(const FileExtent& extent, uint64_t offset) {
  return extent.physical + (offset - extent.logical.begin);
}

std::vector<Range> written_extents(int fd) {
  const Range file{0, size_of(fd)};
  std::vector<Range> map;
  for (const FileExtent& e : fiemap(fd)) {
    const Range data = e.logical.clipped(file);
    if (e.unwritten() || data.empty()) continue;
    if (!map.empty() && map.back().end == data.begin) {
      map.back().end = data.end;
    } else {
      map.push_back(data);
    }
  }
  return map;
}

}  // namespace

bool FileExtent::unwritten() const { return (flags & FIEMAP_EXTENT_UNWRITTEN) != 0; }

bool FileExtent::shared() const { return (flags & FIEMAP_EXTENT_SHARED) != 0; }

uint64_t allocated_bytes(int fd) {
  struct stat now {};
  if (fsync(fd) != 0 || fstat(fd, &now) != 0) throw ScratchError::of_errno("stat after fsync");
  return static_cast<uint64_t>(now.st_blocks) * 512;
}

std::vector<Range> seek_map(int fd) {
  if (is_refused("no-seek-hole")) return written_extents(fd);
  std::vector<Range> map;
  for (off_t at = 0;;) {
    const off_t data = lseek(fd, at, SEEK_DATA);
    if (data < 0 && errno == ENXIO) return map;
    const off_t hole = data < 0 ? -1 : lseek(fd, data, SEEK_HOLE);
    if (hole < 0) throw ScratchError::of_errno("seek data");
    map.push_back({static_cast<uint64_t>(data), static_cast<uint64_t>(hole)});
    at = hole;
  }
}

std::vector<FileExtent> fiemap(int fd) {
  constexpr uint32_t kCount = 256;
  std::vector<FileExtent> result;
  std::vector<uint64_t> memory((sizeof(struct fiemap) + kCount * sizeof(fiemap_extent)) / 8 + 1);
  for (uint64_t start = 0;;) {
    auto* request = reinterpret_cast<struct fiemap*>(memory.data());
    *request = {};
    request->fm_start = start;
    request->fm_length = FIEMAP_MAX_OFFSET - start;
    request->fm_flags = FIEMAP_FLAG_SYNC;
    request->fm_extent_count = kCount;
    if (ioctl(fd, FS_IOC_FIEMAP, request) != 0) throw ScratchError::of_errno("ask for extents");
    const std::span<const fiemap_extent> found(request->fm_extents, request->fm_mapped_extents);
    for (const fiemap_extent& e : found) {
      result.push_back({{e.fe_logical, e.fe_logical + e.fe_length}, e.fe_physical, e.fe_flags});
    }
    if (found.empty() || (found.back().fe_flags & FIEMAP_EXTENT_LAST) != 0) return result;
    start = result.back().logical.end;
  }
}

bool shares_all(int fd, int other, Range range) {
  const std::vector<FileExtent> ours = fiemap(fd);
  const std::vector<FileExtent> theirs = fiemap(other);
  for (const FileExtent& e : ours) {
    const Range part = e.logical.clipped(range);
    if (part.empty() || e.unwritten()) continue;
    for (uint64_t at = part.begin; at < part.end;) {
      const FileExtent* const their = extent_at(theirs, at);
      if (!e.shared() || their == nullptr || address_in(e, at) != address_in(*their, at)) {
        return false;
      }
      at = std::min(part.end, their->logical.end);
    }
  }
  return true;
}

uint64_t cached_bytes(int fd) {
  const uint64_t size = size_of(fd);
  if (size == 0) return 0;
  void* const map = mmap(nullptr, size, PROT_READ, MAP_SHARED, fd, 0);
  if (map == MAP_FAILED) throw ScratchError::of_errno("map the file");
  const auto page = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  std::vector<unsigned char> pages(align_up(size, page) / page);
  const int code = mincore(map, size, pages.data());
  munmap(map, size);
  if (code != 0) throw ScratchError::of_errno("ask for cached pages");
  return page * static_cast<uint64_t>(std::count_if(pages.begin(), pages.end(),
                                                    [](unsigned char p) { return p & 1; }));
}

void drop_cache(int fd) {
  if (fsync(fd) != 0) throw ScratchError::of_errno("fsync");
  const int code = posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
  if (code != 0) throw ScratchError::of_errno("drop cached pages", code);
}

}  // namespace libcopyfile::test
