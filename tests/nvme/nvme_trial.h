// One copy inside a fake namespace, or between two, checked: what is said to be in place is, and what was told while it moved
// adds up.
#pragma once

#include "mechanism/nvme_copy.h"
#include "testing/counting_control.h"
#include "testing/fake_nvme.h"

namespace libcopyfile::test {

struct NvmeTrial {
  // Inside one of 32 MiB.
  NvmeTrial() : NvmeTrial(make_fake_space(1, 65536)) {}
  explicit NvmeTrial(const std::shared_ptr<FakeSpace>& space) : NvmeTrial(space, space) {}
  NvmeTrial(std::shared_ptr<FakeSpace> from, std::shared_ptr<FakeSpace> to)
      : source(std::move(from)),
        destination(std::move(to)),
        before(destination->data),
        nvme(source, destination) {}

  // Checks everything that holds whatever the outcome.
  Moved run(std::span<const CopyRange> ranges) {
    const NvmeSides sides{source->says, destination->says, same_controller};
    const bool same = source == destination;
    NvmePair pair{nvme, sides, same, control, &watch, 60'000, 500, proven};
    const Moved moved = copy_by_nvme(pair, ranges);
    expect_what_it_says(moved, ranges, source->data, before, destination->data, control);
    return moved;
  }

  std::shared_ptr<FakeSpace> source;
  std::shared_ptr<FakeSpace> destination;
  wire::Bytes before;
  FakeNvme nvme;
  CountingControl control;
  CountingWatch watch;
  bool proven = false;
  bool same_controller = true;
};

inline constexpr uint64_t kHalf = uint64_t{16} << 20;  // of the namespace of a trial

// `count` ranges of `length` bytes, none beside another at the source, which lie behind each other at the destination.
inline std::vector<CopyRange> gathered(size_t count, uint64_t length) {
  std::vector<CopyRange> ranges;
  for (size_t i = 0; i < count; ++i) ranges.push_back({i * length * 2, kHalf + i * length, length});
  return ranges;
}

// The same, and none beside another at the destination.
inline std::vector<CopyRange> apart(size_t count, uint64_t length) {
  std::vector<CopyRange> ranges;
  for (size_t i = 0; i < count; ++i) {
    ranges.push_back({i * length * 2, kHalf + i * length * 2, length});
  }
  return ranges;
}

}  // namespace libcopyfile::test
