// Our initiator copies on our target: what one of the two got wrong about the standard, the other has to share to pass.
#include <gtest/gtest.h>

#include "facts/read_scsi_unit.h"
#include "mechanism/scsi_mechanism.h"
#include "testing/counting_control.h"
#include "testing/target_copies.h"
#include "testing/target_queue.h"

namespace libcopyfile::test {
namespace {

using namespace target;

TargetBench::Options two_units() {
  TargetBench::Options options;
  options.units = 2;
  return options;
}

class InitiatorOnTarget : public ::testing::Test {
 protected:
  InitiatorOnTarget() : bench(two_units()) { bench.fill(0, 0, 65536, 1); }

  void copies(const UnitMechanism& mechanism, std::vector<CopyRange> ranges) {
    TargetQueue queue(bench, {.lun = 0}, {.lun = 1});
    const auto in = read_scsi_unit(queue, Unit::source);
    const auto out = read_scsi_unit(queue, Unit::destination);
    ASSERT_TRUE(in && out);
    EXPECT_NE(mechanism.can(*in, *out).can, Can::no);
    CountingControl control;
    UnitPair pair{queue, *in, *out, control};
    const Moved moved = mechanism.move(pair, ranges);
    EXPECT_EQ(moved.stop, Stop::complete) << moved.error.message();
    EXPECT_EQ(moved.bytes, total_length(ranges));
    for (const CopyRange& range : ranges) {
      EXPECT_EQ(bench.image(1).peek(range.out, range.length),
                bench.image(0).peek(range.in, range.length));
      EXPECT_TRUE(bench.image(1).shares(range.destination(), bench.image(0), range.in));
    }
  }

  CopyBench bench;
};

TEST_F(InitiatorOnTarget, CopiesByExtendedCopy) {
  copies(*make_scsi_extended_copy(), scattered(20, 65536));
}

TEST_F(InitiatorOnTarget, CopiesByToken) { copies(*make_scsi_token(), scattered(20, 65536)); }

TEST_F(InitiatorOnTarget, CopiesOneLargeRangeEitherWay) {
  copies(*make_scsi_extended_copy(), {{0, 0, uint64_t{32} << 20}});
  copies(*make_scsi_token(), {{0, uint64_t{32} << 20, uint64_t{32} << 20}});
}

}  // namespace
}  // namespace libcopyfile::test
