// One copy between two fake units, checked: what is said to be in place is, and what was told while it moved adds up.
#pragma once

#include "mechanism/scsi_mechanism.h"
#include "testing/counting_control.h"
#include "testing/fake_scsi.h"

namespace libcopyfile::test {

struct Trial {
  explicit Trial(uint64_t blocks = 65536, uint32_t block = 512)
      : Trial(make_fake_disk(1, blocks, block), make_fake_disk(2, blocks, block)) {}
  Trial(std::shared_ptr<FakeDisk> from, std::shared_ptr<FakeDisk> to)
      : source(std::move(from)),
        destination(std::move(to)),
        before(destination->data),
        scsi(source, destination) {}

  // Checks everything that holds whatever the outcome.
  Moved run(const UnitMechanism& mechanism, std::span<const CopyRange> ranges);

  std::shared_ptr<FakeDisk> source;
  std::shared_ptr<FakeDisk> destination;
  wire::Bytes before;
  FakeScsi scsi;
  CountingControl control;
  CountingWatch watch;
  bool proven = false;
};

}  // namespace libcopyfile::test
