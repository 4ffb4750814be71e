#include "testing/crash_image.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <string_view>
#include <utility>

#include "testing/loop_device.h"
#include "testing/scratch_error.h"

namespace libcopyfile::test {
namespace {

uint64_t hash_of(uint64_t number, std::span<const std::byte> block) {
  const std::string_view text(reinterpret_cast<const char*>(block.data()), block.size());
  // Sums of these are compared: equal bytes at another place must not give an equal difference.
  uint64_t mixed = std::hash<std::string_view>{}(text) ^ (number + 1) * 0x9E3779B97F4A7C15;
  mixed = (mixed ^ mixed >> 32) * 0xBF58476D1CE4E5B9;
  return mixed ^ mixed >> 29;
}

void put(const BlockEvent& event, uint64_t from, std::span<std::byte> into) {
  if (event.op == BlockOp::write) {
    std::memcpy(into.data(), event.data.data() + from, into.size());
  } else {
    std::memset(into.data(), 0, into.size());
  }
}

}  // namespace

Mapping::Mapping(int fd, size_t size) : size_(size) {
  const int flags = fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE : MAP_SHARED;
  void* const address = mmap(nullptr, size, PROT_READ | PROT_WRITE, flags, fd, 0);
  if (address == MAP_FAILED) throw ScratchError::of_errno("map a disk image");
  data_ = static_cast<std::byte*>(address);
}

Mapping::Mapping(Mapping&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

Mapping& Mapping::operator=(Mapping&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

Mapping::~Mapping() {
  if (data_ != nullptr) munmap(data_, size_);
}

uint64_t size_of(const Fd& file) {
  struct stat found {};
  if (fstat(file.get(), &found) != 0) throw ScratchError::of_errno("fstat");
  return static_cast<uint64_t>(found.st_size);
}

void copy_sparse(const Fd& from, std::span<std::byte> to) {
  static const std::byte kZeros[kBlock]{};
  const Mapping mapping(from.get(), to.size());
  const std::span<const std::byte> bytes = mapping.bytes();
  const auto size = static_cast<off_t>(bytes.size());
  for (off_t begin = 0; (begin = lseek(from.get(), begin, SEEK_DATA)) >= 0 && begin < size;) {
    const off_t end = lseek(from.get(), begin, SEEK_HOLE);
    for (; begin < end; begin += kBlock) {
      const auto at = static_cast<size_t>(begin);
      const size_t n = std::min<size_t>(kBlock, bytes.size() - at);
      if (std::memcmp(bytes.data() + at, kZeros, n) != 0) {
        std::memcpy(to.data() + at, bytes.data() + at, n);
      }
    }
    begin = end;
  }
}

CrashImage::CrashImage(const Fd& initial)
    : file_(make_image(size_of(initial), {})),
      stable_(-1, size_of(initial)),
      now_(file_.get(), size_of(initial)) {
  copy_sparse(initial, stable_.bytes());
  copy_sparse(initial, now_.bytes());
}

std::span<std::byte> CrashImage::stable_block(uint64_t block) const {
  return stable_.bytes().subspan(block * kBlock, kBlock);
}

std::span<std::byte> CrashImage::block(uint64_t block) const {
  return now_.bytes().subspan(block * kBlock, kBlock);
}

void CrashImage::settle(const BlockEvent& event) {
  if (!event.changes()) return;
  const uint64_t end = event.offset + event.length;
  for (uint64_t at = event.offset; at < end;) {
    const uint64_t number = at / kBlock;
    const uint64_t n = std::min((number + 1) * kBlock, end) - at;
    sum_ -= hash_of(number, stable_block(number));
    put(event, at - event.offset, stable_.bytes().subspan(at, n));
    sum_ += hash_of(number, stable_block(number));
    put(event, at - event.offset, now_.bytes().subspan(at, n));
    at += n;
  }
}

void CrashImage::apply(const BlockEvent& event, uint64_t from, uint64_t length) {
  const uint64_t begin = event.offset + from;
  put(event, from, now_.bytes().subspan(begin, length));
  for (uint64_t number = begin / kBlock; number * kBlock < begin + length; ++number) {
    touched_.insert(number);
  }
}

uint64_t CrashImage::fingerprint() const {
  uint64_t sum = sum_;
  for (const uint64_t number : touched_) {
    sum += hash_of(number, block(number)) - hash_of(number, stable_block(number));
  }
  return sum;
}

void CrashImage::undo() {
  for (const uint64_t number : touched_) {
    std::memcpy(block(number).data(), stable_block(number).data(), kBlock);
  }
  touched_.clear();
}

void CrashImage::undo_everything() {
  touched_.clear();
  // What the file system wrote while it was mounted is allocated in the file, wherever it is.
  const auto size = static_cast<off_t>(now_.bytes().size());
  for (off_t begin = 0; (begin = lseek(file_.get(), begin, SEEK_DATA)) >= 0 && begin < size;) {
    const off_t end = lseek(file_.get(), begin, SEEK_HOLE);
    for (off_t at = begin; at < end; at += kBlock) {
      const auto number = static_cast<uint64_t>(at) / kBlock;
      if (std::memcmp(block(number).data(), stable_block(number).data(), kBlock) != 0) {
        std::memcpy(block(number).data(), stable_block(number).data(), kBlock);
      }
    }
    begin = end;
  }
}

}  // namespace libcopyfile::test
