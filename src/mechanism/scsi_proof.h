// The first copies between two units are compared: that a copy manager says "done" does not prove that it found the units that
// were meant, and a wrong one is silent corruption.
#pragma once

#include <functional>

#include "mechanism/scsi_mechanism.h"

namespace libcopyfile {

using MakeTasks = std::function<std::unique_ptr<ScsiTasks>(std::span<const CopyRange>)>;

// Runs the tasks of `ranges`. Where the pair is not proven, small pieces come first, each read back before it counts, until
// one of them has changed the destination as it should. `unit` bytes are the least that can be copied, `block` those that can
// be read.
Moved prove_then_run(UnitPair& pair, const ScsiRun& run, std::span<const CopyRange> ranges,
                     uint64_t unit, uint32_t block, const MakeTasks& make_tasks);

// A mechanism that the verdict speaks against.
Moved refused(const Verdict& verdict);

}  // namespace libcopyfile
