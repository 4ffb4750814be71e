#include <gtest/gtest.h>

#include "testing/target_copies.h"
#include "wire/copy_results.h"
#include "wire/sense_codes.h"

namespace libcopyfile::test {
namespace {

using namespace target;
using namespace wire;

const Ending kGood;

BlockSegment blocks(uint64_t source_lba, uint64_t destination_lba, uint16_t count) {
  BlockSegment segment;
  segment.blocks = count;
  segment.source_lba = source_lba;
  segment.destination_lba = destination_lba;
  return segment;
}

TargetBench::Options two_units() {
  TargetBench::Options options;
  options.units = 2;
  return options;
}

class ExtendedCopyCommand : public ::testing::Test {
 protected:
  ExtendedCopyCommand() : bench(two_units()) { bench.fill(0, 0, 4096, 1); }

  Ending copied(const CopyList& list) { return ending_of(*bench.copy(list)); }

  CopyBench bench;
};

TEST_F(ExtendedCopyCommand, CopiesBlocksBetweenUnits) {
  EXPECT_EQ(copied(bench.list({blocks(8, 800, 16), blocks(64, 0, 1)})), kGood);
  EXPECT_EQ(bench.bytes(1, 800, 16), bench.bytes(0, 8, 16));
  EXPECT_EQ(bench.bytes(1, 0, 1), bench.bytes(0, 64, 1));
  EXPECT_EQ(bench.bytes(1, 816, 8), Bytes(8 * 512)) << "nothing behind it";
}

TEST_F(ExtendedCopyCommand, SharesWhatIsAligned) {
  EXPECT_EQ(copied(bench.list({blocks(8, 800, 16)})), kGood);
  EXPECT_TRUE(bench.image(1).shares({800 * 512, 816 * 512}, bench.image(0), 8 * 512));
}

TEST_F(ExtendedCopyCommand, CopiesWithinAUnit) {
  EXPECT_EQ(copied(bench.list({blocks(0, 2048, 2048)}, 0, 0)), kGood);
  EXPECT_EQ(bench.bytes(0, 2048, 2048), pattern(2048 * 512, 1));
}

}  // namespace
}  // namespace libcopyfile::test
