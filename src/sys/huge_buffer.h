// Memory for direct I/O: contiguous where the kernel can give that.
#pragma once

#include <cstddef>
#include <span>
#include <utility>

namespace libcopyfile {

// A transfer of 2 MiB from pages that lie anywhere is 512 segments, more than a disk takes in one request (virtio: 254), and is
// split; from a huge page it is one. On the virtual disk that was tried, direct copies from ordinary pages took 2 to 5.4 s for
// 4 GiB, by the luck of the allocation, and 2.0 s from huge pages.
class HugeBuffer {
 public:
  static constexpr size_t kAlignment = size_t{2} << 20;

  HugeBuffer() = default;
  // Aligned to kAlignment, of huge pages if `size` is a multiple of it and there are some. Not valid() if there is no memory.
  explicit HugeBuffer(size_t size);
  HugeBuffer(HugeBuffer&& o) noexcept
      : map_(std::exchange(o.map_, nullptr)),
        map_size_(o.map_size_),
        data_(o.data_),
        size_(o.size_) {}
  HugeBuffer& operator=(HugeBuffer&&) = delete;
  ~HugeBuffer();

  bool valid() const { return map_ != nullptr; }
  std::span<std::byte> span() { return {data_, size_}; }

 private:
  void* map_ = nullptr;
  size_t map_size_ = 0;
  std::byte* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace libcopyfile
