// The proof (proof.h) of copies between logical units.
#pragma once

#include <functional>

#include "mechanism/proof.h"
#include "mechanism/scsi_mechanism.h"

namespace libcopyfile {

using MakeTasks = std::function<std::unique_ptr<ScsiTasks>(std::span<const CopyRange>)>;

// Runs the tasks of `ranges`, the first ones as proof. `unit` bytes are the least that can be copied, `block` those that can be
// read.
Moved prove_then_run(UnitPair& pair, const ScsiRun& run, std::span<const CopyRange> ranges,
                     uint64_t unit, uint32_t block, const MakeTasks& make_tasks);

}  // namespace libcopyfile
