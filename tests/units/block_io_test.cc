// Bytes of a unit through the host, against a device in process.
#include "units/block_io.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>

#include "testing/fake_scsi.h"
#include "wire/sense_codes.h"

namespace libcopyfile::test {
namespace {

constexpr size_t kMiB = size_t{1} << 20;

class BlockIoTest : public ::testing::TestWithParam<uint32_t> {
 protected:
  BlockIo io() { return {scsi_, Unit::destination, disk_->unit}; }
  uint32_t block() const { return GetParam(); }
  size_t size() const { return disk_->data.size(); }

  void expect_read(size_t offset, size_t length) {
    std::vector<std::byte> buffer(length, std::byte{0xee});
    const Result<size_t> n = io().read(buffer, offset);
    ASSERT_TRUE(n);
    ASSERT_EQ(*n, std::min(length, size() - offset));
    EXPECT_TRUE(std::memcmp(buffer.data(), disk_->data.data() + offset, *n) == 0) << offset;
  }

  FakeFault fault(wire::Opcode opcode, wire::SenseCode code, unsigned after = 0) {
    FakeFault one;
    one.opcode = opcode;
    one.after = after;
    one.sense = wire::refusal(code);
    return one;
  }

  std::shared_ptr<FakeDisk> disk_ = make_fake_disk(1, 8 * kMiB / GetParam(), GetParam());
  FakeScsi scsi_{disk_, disk_};
};

INSTANTIATE_TEST_SUITE_P(Blocks, BlockIoTest, ::testing::Values(512, 4096));

TEST_P(BlockIoTest, ReadsAnyOffsetAndLength) {
  expect_read(0, 4 * kMiB);
  expect_read(1, 1);
  expect_read(block() - 1, 2);
  expect_read(block() + 3, 5 * block());
  expect_read(3 * block(), block() + 1);
  expect_read(block() - 7, 2 * kMiB + 11);
}

TEST_P(BlockIoTest, WritesAnyOffsetAndLengthAndNothingElse) {
  std::mt19937 random(7);
  wire::Bytes expected = disk_->data;
  for (int i = 0; i < 200; ++i) {
    const size_t offset = random() % size();
    const size_t length = std::min<size_t>(random() % (4 * block()), size() - offset);
    std::vector<std::byte> data(length);
    for (std::byte& b : data) b = static_cast<std::byte>(random());
    ASSERT_EQ(io().write(data, offset), length);
    for (size_t n = 0; n < length; ++n) expected[offset + n] = static_cast<uint8_t>(data[n]);
    ASSERT_TRUE(disk_->data == expected) << length << " bytes at " << offset;
  }
}

TEST_P(BlockIoTest, SeveralCommandsAreUnderWay) {
  expect_read(0, 4 * kMiB);
  EXPECT_EQ(scsi_.most_under_way(), 8U);
  EXPECT_EQ(scsi_.count("88"), 8U);
}

TEST_P(BlockIoTest, NoCommandIsLongerThanTheDeviceTakes) {
  disk_->unit.block_limits->max_transfer = static_cast<uint32_t>(65536 / block());
  expect_read(0, kMiB);
  EXPECT_EQ(scsi_.count("88"), 16U);
}

TEST_P(BlockIoTest, TheEndIsShort) {
  expect_read(size() - 100, 4096);
  std::vector<std::byte> buffer(4096);
  EXPECT_EQ(io().read(buffer, size()), 0U);
  EXPECT_EQ(io().write(buffer, size() - 100), 100U);
  const Result<size_t> behind = io().write(buffer, size());
  ASSERT_FALSE(behind);
  EXPECT_EQ(behind.error().code, ENOSPC);
}

TEST_P(BlockIoTest, ABusyDeviceIsWaitedFor) {
  FakeFault busy;
  busy.opcode = wire::Opcode::read_16;
  busy.status = 0x08;
  busy.times = 5;
  scsi_.add(busy);
  scsi_.add(fault(wire::Opcode::read_16, {wire::SenseKey::unit_attention, 0x29, 0x00}, 6));
  expect_read(0, 2 * kMiB);
  EXPECT_GT(scsi_.now_ms(), 0U) << "waiting in between";
}

TEST_P(BlockIoTest, WhatIsBeforeAnErrorCounts) {
  scsi_.add(fault(wire::Opcode::read_16, {wire::SenseKey::medium_error, 0x11, 0x00}, 3));
  std::vector<std::byte> buffer(4 * kMiB);
  const Result<size_t> n = io().read(buffer, 0);
  ASSERT_TRUE(n);
  EXPECT_EQ(*n, 3 * (kMiB / 2));
  EXPECT_TRUE(std::memcmp(buffer.data(), disk_->data.data(), *n) == 0);
  scsi_.add(fault(wire::Opcode::read_16, {wire::SenseKey::medium_error, 0x11, 0x00}));
  const Result<size_t> none = io().read(buffer, 4096);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, EIO);
  EXPECT_EQ(none.error().op, Op::read);
  EXPECT_EQ(none.error().range.begin, 4096U);
}

TEST_P(BlockIoTest, ErrorsOfWritesAreThoseOfTheTable) {
  const std::vector<std::byte> data(8192);
  scsi_.add(fault(wire::Opcode::write_16, {wire::SenseKey::data_protect, 0x27, 0x00}));
  EXPECT_EQ(io().write(data, 0).error().code, EROFS);
  scsi_.add(fault(wire::Opcode::write_16, {wire::SenseKey::data_protect, 0x27, 0x07}));
  EXPECT_EQ(io().write(data, 0).error().code, ENOSPC);
  FakeFault reserved;
  reserved.opcode = wire::Opcode::write_16;
  reserved.status = 0x18;
  scsi_.add(reserved);
  EXPECT_EQ(io().write(data, 0).error().code, EBUSY);
  FakeFault lost;
  lost.opcode = wire::Opcode::write_16;
  lost.status = 0;
  lost.error = ETIMEDOUT;
  scsi_.add(lost);
  EXPECT_EQ(io().write(data, 0).error().code, ETIMEDOUT);
}

TEST_P(BlockIoTest, ABlockThatCannotBeReadIsNotWrittenInPart) {
  const wire::Bytes before = disk_->data;
  scsi_.add(fault(wire::Opcode::read_16, {wire::SenseKey::medium_error, 0x11, 0x00}));
  const std::vector<std::byte> data(10);
  EXPECT_FALSE(io().write(data, 5));
  EXPECT_TRUE(disk_->data == before);
}

TEST_P(BlockIoTest, ADeviceWithoutACacheNeedsNoFlush) {
  scsi_.add(fault(wire::Opcode::synchronize_cache_16, {wire::SenseKey::illegal_request, 0x20, 0}));
  EXPECT_TRUE(io().flush());
  EXPECT_TRUE(io().flush());
  scsi_.add(fault(wire::Opcode::synchronize_cache_16, {wire::SenseKey::medium_error, 0x0c, 0}));
  const Done lost = io().flush();
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().code, EIO);
  EXPECT_EQ(lost.error().op, Op::sync);
}

}  // namespace
}  // namespace libcopyfile::test
