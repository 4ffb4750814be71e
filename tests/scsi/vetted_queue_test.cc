// A unit that says that something has changed is looked at again before anything more is sent to it.
#include "mechanism/vetted_queue.h"

#include <gtest/gtest.h>

#include "testing/fake_scsi.h"

namespace libcopyfile::test {
namespace {

class VettedQueueTest : public ::testing::Test {
 protected:
  // A command that is one of many: whatever it is, the unit sees it or not.
  ScsiRequest ready(Unit unit, uint64_t tag) {
    ScsiRequest request;
    request.unit = unit;
    request.cdb = cdb_.view().span();
    request.in = in_;
    request.timeout_ms = 1000;
    request.tag = tag;
    return request;
  }
  ScsiCompletion transacted(Unit unit, uint64_t tag = 1) {
    const Result<ScsiCompletion> done = queue_.transact(ready(unit, tag));
    EXPECT_TRUE(done);
    return done.value_or(ScsiCompletion{});
  }
  void report_a_change() {
    FakeFault fault;
    fault.opcode = wire::Opcode::service_action_in_16;
    fault.sense.code = {wire::SenseKey::unit_attention, 0x3f, 0x0e};
    scsi_.add(fault);
  }
  unsigned inquiries() const { return scsi_.count("12"); }

  std::shared_ptr<FakeDisk> source_ = make_fake_disk(1, 2048);
  std::shared_ptr<FakeDisk> destination_ = make_fake_disk(2, 2048);
  const ScsiUnit source_as_read_ = source_->unit;
  const ScsiUnit destination_as_read_ = destination_->unit;
  FakeScsi scsi_{source_, destination_};
  VettedQueue queue_{scsi_, source_as_read_, destination_as_read_};
  const wire::Cdb cdb_ = wire::encode(wire::ReadCapacityCdb{32});
  wire::Bytes in_ = wire::Bytes(32);
};

TEST_F(VettedQueueTest, NothingIsAskedOfAUnitThatReportsNothing) {
  for (int i = 0; i < 10; ++i) EXPECT_EQ(transacted(Unit::destination).status, 0);
  EXPECT_EQ(inquiries(), 0U);
}

TEST_F(VettedQueueTest, AUnitThatIsStillTheSameIsGoneOnWith) {
  report_a_change();
  EXPECT_EQ(transacted(Unit::destination).status, 2);
  EXPECT_EQ(transacted(Unit::destination).status, 0);
  EXPECT_EQ(transacted(Unit::destination).status, 0);
  EXPECT_EQ(inquiries(), 1U);
}

TEST_F(VettedQueueTest, AnotherUnitInItsPlaceGetsNothing) {
  report_a_change();
  EXPECT_EQ(transacted(Unit::destination).status, 2);
  destination_->unit.designators = make_fake_disk(7, 1)->unit.designators;
  const unsigned before = scsi_.count("9e");
  EXPECT_EQ(transacted(Unit::destination, 2).error, ESTALE);
  EXPECT_EQ(transacted(Unit::destination, 3).error, ESTALE);
  ASSERT_TRUE(queue_.submit(ready(Unit::destination, 4)));
  ScsiCompletion completion;
  ASSERT_EQ(queue_.reap({&completion, 1}, 1000), size_t{1});
  EXPECT_EQ(completion.error, ESTALE);
  EXPECT_EQ(completion.tag, 4U);
  EXPECT_EQ(scsi_.count("9e"), before);
  EXPECT_EQ(inquiries(), 1U);
}

TEST_F(VettedQueueTest, OneThatDoesNotSayWhatItIsGetsNothingEither) {
  report_a_change();
  EXPECT_EQ(transacted(Unit::source).status, 2);
  FakeFault fault;
  fault.opcode = wire::Opcode::inquiry;
  fault.sense.code = {wire::SenseKey::illegal_request, 0x25, 0x00};
  scsi_.add(fault);
  EXPECT_EQ(transacted(Unit::source).error, ESTALE);
}

TEST_F(VettedQueueTest, TheOtherUnitIsNotDoubted) {
  report_a_change();
  EXPECT_EQ(transacted(Unit::destination).status, 2);
  destination_->unit.designators.clear();
  EXPECT_EQ(transacted(Unit::source).status, 0);
  EXPECT_EQ(inquiries(), 0U);
  EXPECT_EQ(transacted(Unit::destination).error, ESTALE);
}

TEST_F(VettedQueueTest, WhatIsUnderWayMeanwhileIsNotLost) {
  report_a_change();
  EXPECT_EQ(transacted(Unit::destination).status, 2);
  std::array<uint64_t, 4> seen{};
  for (uint64_t tag = 1; tag < 4; ++tag) ASSERT_TRUE(queue_.submit(ready(Unit::source, tag)));
  ASSERT_TRUE(queue_.submit(ready(Unit::destination, 0)));
  std::array<ScsiCompletion, 2> completions;
  for (size_t left = 4; left > 0;) {
    const Result<size_t> count = queue_.reap(completions, 1000);
    ASSERT_TRUE(count);
    ASSERT_GT(*count, 0U);
    for (size_t i = 0; i < *count; ++i) {
      EXPECT_EQ(completions[i].status, 0);
      ++seen.at(completions[i].tag);
    }
    left -= *count;
  }
  EXPECT_EQ(seen, (std::array<uint64_t, 4>{1, 1, 1, 1}));
}

}  // namespace
}  // namespace libcopyfile::test
