#include "facts/scsi_unit.h"

#include <algorithm>
#include <numeric>

namespace libcopyfile {
namespace {

// log2; what announces more copies nothing that could be planned.
constexpr uint8_t kLargest = 30;

bool is_certain(const wire::Designator& d) {
  return d.association == 0 &&
         (d.type == wire::DesignatorType::naa || d.type == wire::DesignatorType::eui64);
}

// NAA 5 and 6 begin with the number of a company (24 bits).
bool is_unique_in_the_world(const wire::Designator& d) {
  if (d.type != wire::DesignatorType::naa) return true;
  if (d.value.size() < 4) return false;
  const unsigned naa = d.value[0] >> 4;
  const bool of_a_company = ((d.value[0] & 0xf) | d.value[1] | d.value[2] | (d.value[3] >> 4)) != 0;
  return naa == 2 || ((naa == 5 || naa == 6) && of_a_company);
}

template <class Counts>
bool share_one(const ScsiUnit& a, const ScsiUnit& b, Counts&& counts) {
  return std::any_of(a.designators.begin(), a.designators.end(), [&](const wire::Designator& d) {
    return counts(d) &&
           std::find(b.designators.begin(), b.designators.end(), d) != b.designators.end();
  });
}

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

bool share_a_name(const ScsiUnit& a, const ScsiUnit& b) {
  return share_one(a, b, [](const wire::Designator& d) { return is_certain(d); });
}

bool are_one_unit(const ScsiUnit& a, const ScsiUnit& b) {
  return share_one(
      a, b, [](const wire::Designator& d) { return is_certain(d) && is_unique_in_the_world(d); });
}

}  // namespace libcopyfile
