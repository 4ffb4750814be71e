#include "wire/crc32c.h"

#include <array>
#include <cstring>

namespace libcopyfile::wire {
namespace {

constexpr uint32_t kPolynomial = 0x82f63b78;
constexpr size_t kStride = 8;

using Tables = std::array<std::array<uint32_t, 256>, kStride>;

// Table k says what a byte becomes that k more bytes follow ("slicing by 8").
constexpr Tables make_tables() {
  Tables tables{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = value >> 1 ^ ((value & 1) != 0 ? kPolynomial : 0);
    tables[0][i] = value;
  }
  for (size_t k = 1; k < kStride; ++k) {
    for (size_t i = 0; i < 256; ++i) {
      tables[k][i] = tables[k - 1][i] >> 8 ^ tables[0][tables[k - 1][i] & 0xff];
    }
  }
  return tables;
}

constexpr Tables kTables = make_tables();

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) uint32_t by_instruction(std::span<const uint8_t> data,
                                                          uint32_t crc) {
  const uint8_t* at = data.data();
  size_t left = data.size();
  uint64_t value = crc;
  for (; left >= kStride; left -= kStride, at += kStride) {
    uint64_t word = 0;
    std::memcpy(&word, at, sizeof word);
    value = __builtin_ia32_crc32di(value, word);
  }
  auto result = static_cast<uint32_t>(value);
  for (; left > 0; --left, ++at) result = __builtin_ia32_crc32qi(result, *at);
  return result;
}

bool has_instruction() {
  static const bool kHas = __builtin_cpu_supports("sse4.2") != 0;
  return kHas;
}
#endif

}  // namespace

uint32_t crc32c_by_tables(View data, uint32_t before) {
  uint32_t crc = ~before;
  size_t at = 0;
  for (; data.has(at, kStride); at += kStride) {
    const uint32_t low = crc ^ data.le32(at);
    const uint32_t high = data.le32(at + 4);
    crc = kTables[7][low & 0xff] ^ kTables[6][low >> 8 & 0xff] ^ kTables[5][low >> 16 & 0xff] ^
          kTables[4][low >> 24] ^ kTables[3][high & 0xff] ^ kTables[2][high >> 8 & 0xff] ^
          kTables[1][high >> 16 & 0xff] ^ kTables[0][high >> 24];
  }
  for (; at < data.size(); ++at) crc = crc >> 8 ^ kTables[0][(crc ^ data.u8(at)) & 0xff];
  return ~crc;
}

uint32_t crc32c(View data, uint32_t before) {
#if defined(__x86_64__)
  if (has_instruction()) return ~by_instruction(data.span(), ~before);
#endif
  return crc32c_by_tables(data, before);
}

}  // namespace libcopyfile::wire
