#include "target/block_limits.h"

#include <bit>

namespace libcopyfile::target {
namespace {

// READ CAPACITY(16) has four bits for it.
constexpr unsigned kMaxExponent = 15;

}  // namespace

uint8_t physical_exponent(const LogicalUnit& unit) {
  const uint32_t granularity = unit.image().info().granularity;
  if (granularity <= unit.block_length() || granularity % unit.block_length() != 0) return 0;
  const uint32_t blocks = granularity / unit.block_length();
  if (!std::has_single_bit(blocks)) return 0;
  return static_cast<uint8_t>(std::min<unsigned>(std::bit_width(blocks) - 1, kMaxExponent));
}

wire::BlockLimits block_limits(const LogicalUnit& unit) {
  const uint64_t length = unit.block_length();
  const uint32_t granularity = 1U << physical_exponent(unit);
  wire::BlockLimits limits;
  limits.write_same_needs_count = true;
  limits.max_compare_and_write = kMaxCompareAndWrite;
  limits.optimal_granularity = static_cast<uint16_t>(granularity);
  limits.max_transfer = static_cast<uint32_t>(kMaxTransfer / length);
  limits.optimal_transfer = static_cast<uint32_t>(kOptimalTransfer / length);
  limits.max_write_same = kMaxWriteSame / length;
  if (unit.options().thin) {
    limits.max_unmap_blocks = static_cast<uint32_t>(kMaxUnmap / length);
    limits.max_unmap_descriptors = kMaxUnmapDescriptors;
    limits.unmap_granularity = granularity;
    limits.unmap_alignment = 0;
  }
  return limits;
}

}  // namespace libcopyfile::target
