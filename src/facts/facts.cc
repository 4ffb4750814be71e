#include "facts/facts.h"

namespace libcopyfile {

std::string_view name_of(MechanismId id) {
  switch (id) {
    case MechanismId::reflink: return "reflink";
    case MechanismId::copy_range: return "copy_range";
    case MechanismId::buffered: return "buffered";
    case MechanismId::direct: return "direct";
    case MechanismId::zero: return "zero";
    case MechanismId::scsi_extended_copy: return "scsi_extended_copy";
    case MechanismId::scsi_token: return "scsi_token";
    case MechanismId::nvme_copy: return "nvme_copy";
    case MechanismId::count_: break;
  }
  return "none";
}

}  // namespace libcopyfile
