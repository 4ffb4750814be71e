// Integers in the bytes of a protocol, checked. What lies behind the end of what came reads as zero, which is what SCSI and
// NVMe say of a field that a device did not return; who must tell "zero" from "absent" asks has().
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace libcopyfile::wire {

using Bytes = std::vector<uint8_t>;

class View {
 public:
  constexpr View() = default;
  // Implicit: a View is how a decoder takes any run of bytes.
  // NOLINTNEXTLINE(google-explicit-constructor)
  constexpr View(std::span<const uint8_t> bytes) : bytes_(bytes) {}
  // NOLINTNEXTLINE(google-explicit-constructor)
  View(const Bytes& bytes) : bytes_(bytes) {}

  constexpr size_t size() const { return bytes_.size(); }
  constexpr bool empty() const { return bytes_.empty(); }
  constexpr bool has(size_t at, size_t length) const {
    return at <= bytes_.size() && length <= bytes_.size() - at;
  }
  // The part of [at, at + length) that is there.
  constexpr View part(size_t at, size_t length) const {
    const size_t begin = std::min(at, bytes_.size());
    return View(bytes_.subspan(begin, std::min(length, bytes_.size() - begin)));
  }
  constexpr View from(size_t at) const { return part(at, bytes_.size()); }
  constexpr std::span<const uint8_t> span() const { return bytes_; }
  Bytes copy() const { return {bytes_.begin(), bytes_.end()}; }

  constexpr uint8_t u8(size_t at) const { return at < bytes_.size() ? bytes_[at] : uint8_t{0}; }
  constexpr bool bit(size_t at, unsigned number) const { return (u8(at) >> number & 1U) != 0; }
  constexpr uint16_t be16(size_t at) const { return static_cast<uint16_t>(big(at, 2)); }
  constexpr uint32_t be24(size_t at) const { return static_cast<uint32_t>(big(at, 3)); }
  constexpr uint32_t be32(size_t at) const { return static_cast<uint32_t>(big(at, 4)); }
  constexpr uint64_t be64(size_t at) const { return big(at, 8); }
  constexpr uint16_t le16(size_t at) const { return static_cast<uint16_t>(little(at, 2)); }
  constexpr uint32_t le32(size_t at) const { return static_cast<uint32_t>(little(at, 4)); }
  constexpr uint64_t le64(size_t at) const { return little(at, 8); }

 private:
  // A field of which only a part came is absent.
  constexpr uint64_t big(size_t at, size_t width) const {
    uint64_t value = 0;
    if (!has(at, width)) return value;
    for (size_t i = 0; i < width; ++i) value = value << 8 | bytes_[at + i];
    return value;
  }
  constexpr uint64_t little(size_t at, size_t width) const {
    uint64_t value = 0;
    if (!has(at, width)) return value;
    for (size_t i = width; i > 0; --i) value = value << 8 | bytes_[at + i - 1];
    return value;
  }

  std::span<const uint8_t> bytes_;
};

// Writes fields at their offsets. What would not fit is left out, and ok() says so.
class Writer {
 public:
  constexpr explicit Writer(std::span<uint8_t> bytes) : bytes_(bytes) {}

  constexpr void u8(size_t at, uint8_t value) { big(at, 1, value); }
  constexpr void be16(size_t at, uint16_t value) { big(at, 2, value); }
  constexpr void be24(size_t at, uint32_t value) { big(at, 3, value); }
  constexpr void be32(size_t at, uint32_t value) { big(at, 4, value); }
  constexpr void be64(size_t at, uint64_t value) { big(at, 8, value); }
  constexpr void le16(size_t at, uint16_t value) { little(at, 2, value); }
  constexpr void le32(size_t at, uint32_t value) { little(at, 4, value); }
  constexpr void le64(size_t at, uint64_t value) { little(at, 8, value); }
  constexpr void bytes(size_t at, View data) {
    if (!fits(at, data.size())) return;
    std::copy(data.span().begin(), data.span().end(), bytes_.begin() + static_cast<ptrdiff_t>(at));
  }
  constexpr bool ok() const { return ok_; }

 private:
  constexpr bool fits(size_t at, size_t width) {
    if (at <= bytes_.size() && width <= bytes_.size() - at) return true;
    ok_ = false;
    return false;
  }
  constexpr void big(size_t at, size_t width, uint64_t value) {
    if (!fits(at, width)) return;
    for (size_t i = width; i > 0; --i, value >>= 8)
      bytes_[at + i - 1] = static_cast<uint8_t>(value);
  }
  constexpr void little(size_t at, size_t width, uint64_t value) {
    if (!fits(at, width)) return;
    for (size_t i = 0; i < width; ++i, value >>= 8) bytes_[at + i] = static_cast<uint8_t>(value);
  }

  std::span<uint8_t> bytes_;
  bool ok_ = true;
};

}  // namespace libcopyfile::wire
