// Any ranges, any limits, any faults in any order: what is said to be in place is, nothing else is written, and a copy that was
// not stopped for a reason is complete (NvmeTrial checks all of it).
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "mechanism/nvme_status.h"
#include "nvme_trial.h"

namespace libcopyfile::test {
namespace {

constexpr uint64_t kBlocks = 4096;
constexpr uint32_t kBlock = 512;

class Dice {
 public:
  explicit Dice(unsigned seed) : engine_(seed) {}
  uint64_t below(uint64_t end) { return engine_() % end; }
  bool one_in(uint64_t n) { return below(n) == 0; }

 private:
  std::mt19937_64 engine_;
};

// From the first half to the second, so that they may be of one namespace; now and then one lies behind the other.
std::vector<CopyRange> any_ranges(Dice& dice) {
  constexpr uint64_t kEnd = kBlocks / 2;
  std::vector<CopyRange> ranges;
  uint64_t out = 0;
  const uint64_t count = 1 + dice.below(200);
  for (uint64_t i = 0; i < count && out < kEnd; ++i) {
    const uint64_t length = 1 + dice.below(std::min<uint64_t>(kEnd - out, 40));
    ranges.push_back({dice.below(kEnd - length) * kBlock, (kEnd + out) * kBlock, length * kBlock});
    out += length + (dice.one_in(2) ? dice.below(3) : 0);
  }
  if (dice.one_in(2)) {
    std::shuffle(ranges.begin(), ranges.end(),
                 std::mt19937(static_cast<unsigned>(dice.below(1000))));
  }
  return ranges;
}

void any_limits(Dice& dice, NvmeTrial& trial) {
  NvmeSpace& says = trial.destination->says;
  says.space.max_range = static_cast<uint16_t>(dice.one_in(8) ? 65535 : 1 + dice.below(60));
  says.space.max_total = static_cast<uint32_t>(1 + dice.below(200));
  says.space.max_ranges = static_cast<uint16_t>(1 + dice.below(256));
  says.controller.formats = static_cast<uint16_t>(dice.below(16));
  says.enabled_formats = static_cast<uint16_t>(dice.below(16));
  if (dice.one_in(4)) trial.nvme.real_ranges = static_cast<uint32_t>(1 + dice.below(20));
  if (dice.one_in(4)) trial.nvme.real_blocks = 1 + dice.below(50);
}

void any_faults(Dice& dice, NvmeTrial& trial) {
  const auto table = nvme_status_table();
  for (uint64_t i = dice.below(6); i > 0; --i) {
    const NvmeStatusRow& row = table[dice.below(table.size())];
    FakeNvmeFault fault;
    fault.status = static_cast<uint16_t>(static_cast<unsigned>(row.type) << 8 | row.status);
    if (dice.one_in(4)) fault.status |= 0x4000;
    fault.after = static_cast<unsigned>(dice.below(20));
    fault.times = static_cast<unsigned>(1 + dice.below(3));
    fault.work = static_cast<uint32_t>(dice.below(5));
    trial.nvme.add(fault);
  }
}

void copy_anything(unsigned seed) {
  Dice dice(seed);
  const auto space = make_fake_space(1, kBlocks, kBlock);
  NvmeTrial trial(space, dice.one_in(2) ? space : make_fake_space(2, kBlocks, kBlock));
  any_limits(dice, trial);
  any_faults(dice, trial);
  trial.proven = dice.one_in(2);
  trial.nvme.set_depth(static_cast<unsigned>(1 + dice.below(6)));
  trial.nvme.set_reversed(dice.one_in(2));
  trial.nvme.set_copy_ms(dice.below(3) * 400);
  trial.control.chunk_bytes = (1 + dice.below(100)) * kBlock;
  if (dice.one_in(4)) trial.control.cancel_at = dice.below(kBlocks) * kBlock;
  if (dice.one_in(4)) trial.watch.cancel_at = dice.below(20);
  if (dice.one_in(8)) trial.nvme.vanish_after(static_cast<unsigned>(dice.below(30)));
  (void)trial.run(any_ranges(dice));
}

TEST(NvmeCopies, OfAnythingAreWhatTheySay) {
  for (unsigned seed = 0; seed < 400 && !::testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    copy_anything(seed);
  }
}

}  // namespace
}  // namespace libcopyfile::test
