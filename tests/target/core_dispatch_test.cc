#include <gtest/gtest.h>

#include "testing/target_bench.h"
#include "wire/sense_codes.h"

namespace libcopyfile::test {
namespace {

using namespace target;
using wire::SenseCode;
namespace codes = wire::codes;

const wire::Bytes kTestUnitReady = {0, 0, 0, 0, 0, 0};

TEST(Dispatch, UnitIsReady) {
  TargetBench bench;
  EXPECT_EQ(bench.execute({0, 0, 0, 0, 0, 0})->outcome.status, Status::good);
}

TEST(Dispatch, PowerOnIsReportedOnce) {
  TargetBench bench;
  const NexusId host = bench.open({}, false);
  const auto first = bench.execute(kTestUnitReady, {.nexus = host});
  EXPECT_EQ(first->outcome.status, Status::check_condition);
  EXPECT_EQ(first->outcome.sense.code, codes::kPowerOn);
  EXPECT_EQ(bench.execute(kTestUnitReady, {.nexus = host})->outcome.status, Status::good);
}

TEST(Dispatch, UnknownOpcodeIsRefused) {
  TargetBench bench;
  EXPECT_EQ(bench.execute({0xff, 0, 0, 0, 0, 0})->outcome.sense.code, codes::kInvalidOperation);
}

TEST(Dispatch, UnitThatIsNotMappedIsNotThere) {
  TargetBench bench;
  EXPECT_EQ(bench.execute(kTestUnitReady, {.lun = 1})->outcome.sense.code,
            codes::kUnitNotSupported);
}

TEST(Dispatch, ReservedBitIsPointedAt) {
  TargetBench bench;
  const auto task = bench.execute({0, 0, 0, 0x10, 0, 0});
  EXPECT_EQ(task->outcome.sense.code, codes::kInvalidFieldInCdb);
  ASSERT_TRUE(task->outcome.sense.pointer);
  EXPECT_EQ(*task->outcome.sense.pointer, (wire::FieldPointer{true, 3, 4}));
}

TEST(Dispatch, NacaIsRefused) {
  TargetBench bench;
  const auto task = bench.execute({0, 0, 0, 0, 0, 4});
  EXPECT_EQ(task->outcome.sense.code, codes::kInvalidFieldInCdb);
  EXPECT_EQ(*task->outcome.sense.pointer, (wire::FieldPointer{true, 5, 2}));
}

TEST(Dispatch, TaskOfAnUnknownNexusComesBackAborted) {
  TargetBench bench;
  EXPECT_TRUE(bench.execute(kTestUnitReady, {.nexus = 999999})->aborted);
}

}  // namespace
}  // namespace libcopyfile::test
