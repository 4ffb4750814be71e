#include "sys/huge_buffer.h"

#include <sys/mman.h>

#include <cstdint>

#include "base/range.h"

namespace libcopyfile {

HugeBuffer::HugeBuffer(size_t size) : map_size_(size + kAlignment), size_(size) {
  void* const map =
      ::mmap(nullptr, map_size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (map == MAP_FAILED) return;
  map_ = map;
  const auto address = reinterpret_cast<uintptr_t>(map);
  data_ = static_cast<std::byte*>(map) + (align_up(address, kAlignment) - address);
  (void)::madvise(data_, size, MADV_HUGEPAGE);
}

HugeBuffer::~HugeBuffer() {
  if (map_ != nullptr) (void)::munmap(map_, map_size_);
}

}  // namespace libcopyfile
