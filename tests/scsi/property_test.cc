// Any ranges, any limits, any faults in any order: what is said to be in place is, nothing else is written, and a copy that was
// not stopped for a reason is complete (Trial checks all of it).
#include <gtest/gtest.h>

#include <random>

#include "mechanism/scsi_sense.h"
#include "trial.h"

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

std::vector<CopyRange> any_ranges(Dice& dice) {
  std::vector<CopyRange> ranges;
  uint64_t out = 0;
  const uint64_t count = 1 + dice.below(200);
  for (uint64_t i = 0; i < count && out < kBlocks; ++i) {
    const uint64_t length = 1 + dice.below(std::min<uint64_t>(kBlocks - out, 40));
    ranges.push_back({dice.below(kBlocks - length) * kBlock, out * kBlock, length * kBlock});
    out += length + dice.below(3);
  }
  std::shuffle(ranges.begin(), ranges.end(), std::mt19937(static_cast<unsigned>(dice.below(1000))));
  return ranges;
}

void any_limits(Dice& dice, ScsiUnit& unit) {
  wire::OperatingParameters& p = *unit.copy_parameters;
  p.max_segments = static_cast<uint16_t>(1 + dice.below(70));
  p.max_descriptors_length = static_cast<uint32_t>(96 + dice.below(4000));
  p.max_segment_length = dice.one_in(3) ? 0 : static_cast<uint32_t>((1 + dice.below(30)) * kBlock);
  p.max_concurrent_copies = static_cast<uint8_t>(dice.below(10));
  p.segment_granularity = static_cast<uint8_t>(dice.below(12));
  p.no_list_id = dice.one_in(2);
  if (dice.one_in(2)) p.descriptor_types.push_back(0x0a);
  wire::ThirdPartyCopy& page = *unit.third_party_copy;
  page.tokens->max_ranges = static_cast<uint16_t>(1 + dice.below(20));
  page.tokens->max_transfer = dice.one_in(2) ? 0 : 8 + dice.below(200);
  if (dice.one_in(2)) page.commands[1].service_actions.push_back(0x00);
  if (dice.one_in(2)) {
    page.commands[0].service_actions.push_back(0x01);
    if (dice.one_in(2))
      page.commands[0].service_actions.erase(page.commands[0].service_actions.begin());
    if (dice.one_in(2)) page.commands[1].service_actions.push_back(0x05);
  }
}

void any_faults(Dice& dice, Trial& trial) {
  const auto table = sense_table();
  for (uint64_t i = dice.below(6); i > 0; --i) {
    const SenseRow& row = table[dice.below(table.size())];
    FakeFault fault;
    fault.action = -1;
    fault.after = static_cast<unsigned>(dice.below(20));
    fault.times = static_cast<unsigned>(1 + dice.below(3));
    fault.sense.code = {static_cast<wire::SenseKey>(row.key), static_cast<uint8_t>(row.asc & 0xff),
                        static_cast<uint8_t>(row.ascq & 0xff)};
    if (row.action == SenseAction::done) {
      fault.carried_out = true;
    } else if (row.key == 0xa && dice.one_in(2)) {
      fault.work = dice.below(5);
    }
    fault.descriptor_format = dice.one_in(2);
    trial.scsi.add(fault);
  }
}

void copy_anything(unsigned seed) {
  Dice dice(seed);
  Trial trial(kBlocks, kBlock);
  any_limits(dice, trial.source->unit);
  any_limits(dice, trial.destination->unit);
  any_faults(dice, trial);
  trial.proven = dice.one_in(2);
  trial.scsi.set_depth(static_cast<unsigned>(1 + dice.below(6)));
  trial.scsi.set_reversed(dice.one_in(2));
  trial.scsi.set_transacts_here(dice.one_in(2));
  trial.scsi.set_copy_ms(dice.below(3) * 400);
  trial.control.chunk_bytes = (1 + dice.below(100)) * kBlock;
  if (dice.one_in(4)) trial.control.cancel_at = dice.below(kBlocks) * kBlock;
  if (dice.one_in(4)) trial.watch.cancel_at = dice.below(20);
  if (dice.one_in(4)) trial.scsi.token_writes = static_cast<unsigned>(dice.below(5));
  if (dice.one_in(4)) trial.scsi.token_blocks = 1 + dice.below(50);
  if (dice.one_in(8)) trial.scsi.vanish_after(static_cast<unsigned>(dice.below(30)));
  const auto mechanism = dice.one_in(2) ? make_scsi_token() : make_scsi_extended_copy();
  const auto ranges = any_ranges(dice);
  (void)trial.run(*mechanism, ranges);
}

TEST(ScsiCopies, OfAnythingAreWhatTheySay) {
  for (unsigned seed = 0; seed < 400 && !::testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    copy_anything(seed);
  }
}

}  // namespace
}  // namespace libcopyfile::test
