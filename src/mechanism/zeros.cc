#include "mechanism/zeros.h"

#include <array>
#include <cstring>

#include "sys/transfer.h"

namespace libcopyfile {
namespace {

constexpr size_t kZeroBlock = 64 * 1024;
constexpr std::array<std::byte, kZeroBlock> kZeros{};

// EINVAL: a block device, for a range that is not of whole blocks.
bool punch_refused(int code) {
  return is_not_supported(code) || code == EINVAL || code == EPERM || code == ENODEV;
}

}  // namespace

bool all_zero(std::span<const std::byte> data) {
  // Comparing the data with itself one step on lets memcmp's vector code do the scan.
  if (data.empty()) return true;
  if (data.front() != std::byte{0}) return false;
  return std::memcmp(data.data(), data.data() + 1, data.size() - 1) == 0;
}

Done make_hole(const Pair& pair, Range range) {
  if (pair.manner.out_is_new || range.empty()) return {};
  const Done ok =
      retry_interrupted([&] { return pair.files.allocate(pair.out, Allocate::punch, range); });
  if (ok) return ok;
  if (!punch_refused(ok.error().code)) return ok;
  uint64_t written = 0;
  return write_zeros(pair, range, &written);
}

Done write_zeros(const Pair& pair, Range range, uint64_t* written) {
  *written = 0;
  while (*written < range.length()) {
    const auto n = static_cast<size_t>(std::min<uint64_t>(kZeroBlock, range.length() - *written));
    size_t done = 0;
    const Done ok =
        write_all(pair.files, pair.out, std::span(kZeros).first(n), range.begin + *written, &done);
    *written += done;
    if (!ok) return ok;
  }
  return {};
}

}  // namespace libcopyfile
