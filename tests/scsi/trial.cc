#include "trial.h"

namespace libcopyfile::test {

Moved Trial::run(const UnitMechanism& mechanism, std::span<const CopyRange> ranges) {
  UnitPair pair{scsi, source->unit, destination->unit, control, &watch, 60'000, 500, proven};
  const Moved moved = mechanism.move(pair, ranges);
  expect_what_it_says(moved, ranges, source->data, before, destination->data, control);
  return moved;
}

}  // namespace libcopyfile::test
