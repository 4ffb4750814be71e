// Asks a logical unit what it is and what it can copy.
#pragma once

#include "facts/scsi_unit.h"
#include "sys/scsi_queue.h"

namespace libcopyfile {

// REQUIRES nothing under way. Fails where the unit does not answer, or is none; what it only lacks is left empty. Unit
// attentions that have piled up are taken.
Result<ScsiUnit> read_scsi_unit(ScsiQueue& queue, Unit unit);

}  // namespace libcopyfile
