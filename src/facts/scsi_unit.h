// What a logical unit says of itself, as far as copies care. Data: read_scsi_unit.h asks for it, mechanisms decide on it.
#pragma once

#include <optional>
#include <vector>

#include "wire/copy_results.h"
#include "wire/third_party_copy.h"
#include "wire/vpd.h"

namespace libcopyfile {

struct ScsiUnit {
  wire::StandardInquiry inquiry;
  wire::Capacity capacity;
  std::vector<wire::Designator> designators;                 // page 83h
  std::optional<wire::BlockLimits> block_limits;             // page B0h
  std::optional<wire::ThirdPartyCopy> third_party_copy;      // page 8Fh
  std::optional<wire::OperatingParameters> copy_parameters;  // RECEIVE COPY OPERATING PARAMETERS

  // Of the whole unit, bytes.
  uint64_t size() const { return (capacity.last_lba + 1) * capacity.block_length; }
};

// The unit in which both can copy, whatever the mechanism, bytes: offsets and lengths are multiples of it.
uint64_t copy_granularity(const ScsiUnit& in, const ScsiUnit& out);

// Whether a name of the one, not of a port nor of the vendor's own making, is the other's too.
bool share_a_name(const ScsiUnit& a, const ScsiUnit& b);
// The same by a name that is unique in the world: then they are one, or somebody has cloned a name. Locally assigned ones (NAA 3)
// are not, nor those of no company: two hosts that run tgt give the same to their first disks.
bool are_one_unit(const ScsiUnit& a, const ScsiUnit& b);

}  // namespace libcopyfile
