#include "facts/scsi_unit.h"

#include <algorithm>
#include <numeric>

namespace libcopyfile {
namespace {

// log2; what announces more copies nothing that could be planned.
constexpr uint8_t kLargest = 30;

}  // namespace

uint64_t copy_granularity(const ScsiUnit& in, const ScsiUnit& out) {
  uint64_t granularity = std::max<uint64_t>(out.capacity.block_length, 1);
  for (const ScsiUnit* unit : {&in, &out}) {
    uint8_t exponent = 0;
    if (unit->copy_parameters) exponent = unit->copy_parameters->segment_granularity;
    if (unit->third_party_copy && unit->third_party_copy->operations) {
      exponent = std::max(exponent, unit->third_party_copy->operations->segment_granularity);
    }
    granularity = std::lcm(granularity, uint64_t{1} << std::min(exponent, kLargest));
    if (!unit->third_party_copy || !unit->third_party_copy->rod_features) continue;
    const auto& block = unit->third_party_copy->rod_features->block;
    if (!block || block->granularity == 0) continue;
    granularity = std::lcm(granularity, uint64_t{block->granularity} * unit->capacity.block_length);
  }
  return granularity;
}

}  // namespace libcopyfile
