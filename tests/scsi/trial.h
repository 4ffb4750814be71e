// One copy between two fake units, checked: what is said to be in place is, and what was told while it moved adds up.
#pragma once

#include "mechanism/scsi_mechanism.h"
#include "testing/fake_scsi.h"

namespace libcopyfile::test {

class CountingControl final : public Control {
 public:
  bool moved(uint64_t bytes) override {
    total += bytes;
    return total < cancel_at;
  }
  uint64_t chunk() const override { return chunk_bytes; }

  uint64_t total = 0;
  uint64_t cancel_at = UINT64_MAX;
  uint64_t chunk_bytes = uint64_t{256} << 20;
};

class CountingWatch final : public ScsiWatch {
 public:
  bool working(uint64_t bytes) override {
    seen.push_back(bytes);
    return seen.size() < cancel_at;
  }

  std::vector<uint64_t> seen;
  size_t cancel_at = SIZE_MAX;
};

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

// `count` ranges of `length` bytes: in order at the source, in reverse order at the destination, none beside another.
std::vector<CopyRange> scattered(size_t count, uint64_t length);

}  // namespace libcopyfile::test
