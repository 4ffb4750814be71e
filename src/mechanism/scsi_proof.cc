#include "mechanism/scsi_proof.h"

namespace libcopyfile {

Moved prove_then_run(UnitPair& pair, const ScsiRun& run, std::span<const CopyRange> ranges,
                     uint64_t unit, uint32_t block, const MakeTasks& make_tasks) {
  const auto read_block = [&](Unit side, uint64_t offset) {
    ScsiCommand command;
    command.unit = side;
    command.cdb = wire::encode(wire::BlocksCdb{wire::Opcode::read_16, offset / block, 1});
    command.in_length = block;
    return answer_to(pair.queue, command, pair.timeout_ms);
  };
  const auto copy = [&](Control& control, std::span<const CopyRange> part) {
    const ScsiRun with{run.queue,      control,     run.watch,      run.concurrency,
                       run.timeout_ms, run.poll_ms, run.first_bytes};
    return run_scsi_tasks(with, *make_tasks(part));
  };
  return prove_then_copy({pair.control, pair.proven, unit, block, read_block, copy}, ranges);
}

}  // namespace libcopyfile
