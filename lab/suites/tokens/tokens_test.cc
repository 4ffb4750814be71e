// Copies by token, which no real target at hand can do, and EXTENDED COPY with more than one segment a command: the array is
// simulated, the SCSI layer between it and the command is the kernel's.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <cstring>
#include <fstream>

#include "array.h"
#include "lab/support/workplace.h"
#include "wire/sense_codes.h"

namespace libcopyfile::test {
namespace {

using ::testing::HasSubstr;

constexpr uint64_t kMiB = uint64_t{1} << 20;
constexpr uint64_t kBlock = 512;
constexpr uint64_t kDisk = 64 * kMiB;
constexpr const char* kToken = "scsi_token";
constexpr const char* kExtendedCopy = "scsi_extended_copy";
constexpr int kWriteUsingToken = 0x11;

// Made once, as filling them takes a while.
Array& array() {
  static Array one(kDisk / kBlock);
  return one;
}
const FakeDisk& disk(uint8_t number) {
  static const std::shared_ptr<FakeDisk> first = make_fake_disk(1, kDisk / kBlock);
  static const std::shared_ptr<FakeDisk> second = make_fake_disk(2, kDisk / kBlock);
  return number == 1 ? *first : *second;
}

class SimulatedArray : public ::testing::Test {
 protected:
  explicit SimulatedArray(bool extended_copy = true) {
    FakeDisk source = disk(1);
    FakeDisk destination = disk(2);
    if (!extended_copy) {
      source.unit.copy_parameters.reset();
      destination.unit.copy_parameters.reset();
    }
    expected_ = destination.data;
    array().replace(source, destination);
    shell("blockdev --flushbufs /dev/sda && blockdev --flushbufs /dev/sdb");
    host_bytes_ = passed();
  }

  void add(FakeFault fault) {
    array().with([&](FakeScsi& scsi, FakeDisk&, FakeDisk&) { scsi.add(std::move(fault)); });
  }
  unsigned count(const std::string& command) {
    unsigned n = 0;
    array().with([&](FakeScsi& scsi, FakeDisk&, FakeDisk&) { n = scsi.count(command); });
    return n;
  }
  Told range(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"--overwrite-device", "/dev/sda", "/dev/sdb"});
    return place_.range(arguments);
  }
  // Of all of the first `bytes`, or of the ranges in /run/ranges.
  Told by_storage(uint64_t bytes) {
    expect({0, 0, bytes});
    return range({"--offload=always", "--ranges", list({{0, 0, bytes}})});
  }
  std::string list(const std::vector<CopyRange>& ranges) {
    std::ofstream file("/run/ranges");
    for (const CopyRange& r : ranges) file << r.in << ':' << r.out << ':' << r.length << '\n';
    return "/run/ranges";
  }
  void expect(const CopyRange& range) {
    std::memcpy(expected_.data() + range.out, disk(1).data.data() + range.in, range.length);
  }
  // Both as they should be, and fewer bytes than 1% of `bytes` were read and written.
  void check(uint64_t bytes) {
    check_contents();
    EXPECT_LT(passed() - host_bytes_, bytes / 100);
  }
  void check_contents() {
    array().with([&](FakeScsi&, FakeDisk& source, FakeDisk& destination) {
      EXPECT_TRUE(source.data == disk(1).data);
      EXPECT_TRUE(destination.data == expected_);
    });
  }
  uint64_t passed() {
    uint64_t bytes = 0;
    array().with([&](FakeScsi& scsi, FakeDisk&, FakeDisk&) { bytes = scsi.host_bytes(); });
    return bytes;
  }

  Workplace place_{"/run", "/run"};
  wire::Bytes expected_;
  uint64_t host_bytes_ = 0;
};

class ByToken : public SimulatedArray {
 protected:
  ByToken() : SimulatedArray(false) {}
};

FakeFault refused_write(wire::SenseCode code, unsigned after) {
  FakeFault fault;
  fault.action = kWriteUsingToken;
  fault.after = after;
  fault.sense = wire::refusal(code);
  return fault;
}

// The control.
TEST_F(SimulatedArray, CountsWhatPassesThroughTheHost) {
  expect({0, 0, 8 * kMiB});
  const Told told = range({"--reflink=never", "--durability=durable", "0:0:8M"});
  ASSERT_TRUE(told.ok()) << told.everything();
  EXPECT_GE(passed() - host_bytes_, 16 * kMiB);
  check_contents();
}

TEST_F(SimulatedArray, TenThousandRangesTakeFewerThan200Commands) {
  constexpr uint64_t kCount = 10'000;
  constexpr uint64_t kEach = 4096;
  std::vector<CopyRange> ranges;
  for (uint64_t i = 0; i < kCount; ++i) {
    ranges.push_back({i * kEach, (kCount - 1 - i) * kEach, kEach - kBlock * (i % 4 + 1)});
    expect(ranges.back());
  }
  const Told told = range({"--offload=always", "--ranges", list(ranges)});
  ASSERT_TRUE(told.ok()) << told.everything();
  EXPECT_EQ(told.by(kExtendedCopy), total_length(ranges));
  const unsigned commands = count("83/00");
  EXPECT_LT(commands, 200U);
  std::printf("measured: 10,000 ranges by EXTENDED COPY, 64 a command: %u commands\n", commands);
  check(total_length(ranges));
}

TEST_F(ByToken, TheBytesStayInTheStorage) {
  const Told told = by_storage(48 * kMiB);
  ASSERT_TRUE(told.ok()) << told.everything();
  EXPECT_EQ(told.by(kToken), 48 * kMiB);
  EXPECT_GE(count("83/10"), 1U);
  check(48 * kMiB);
}

TEST_F(ByToken, ManyRangesShareAToken) {
  constexpr uint64_t kCount = 6400;
  constexpr uint64_t kEach = 8192;
  std::vector<CopyRange> ranges;
  for (uint64_t i = 0; i < kCount; ++i) {
    ranges.push_back({i * kEach, (kCount - 1 - i) * kEach, kEach - kBlock * (i % 8 + 1)});
    expect(ranges.back());
  }
  const Told told = range({"--offload=always", "--ranges", list(ranges)});
  ASSERT_TRUE(told.ok()) << told.everything();
  EXPECT_EQ(told.by(kToken), total_length(ranges));
  // 64 ranges each, and a few to find out that it works, and how fast.
  const unsigned tokens = count("83/10");
  EXPECT_LT(tokens, 120U);
  std::printf("measured: 6,400 ranges by token, 64 each: %u tokens\n", tokens);
  check(total_length(ranges));
}

TEST_F(ByToken, OneThatHasExpiredIsMadeAnew) {
  add(refused_write(wire::codes::kTokenExpired, 1));
  const Told told = by_storage(32 * kMiB);
  ASSERT_TRUE(told.ok()) << told.everything();
  EXPECT_GE(count("83/10"), 3U) << "of the proof, the one that expired, and another";
  check(32 * kMiB);
}

TEST_F(ByToken, OneThatStandsForLessIsFollowedByAnother) {
  array().with([](FakeScsi& scsi, FakeDisk&, FakeDisk&) { scsi.token_blocks = 20'000; });
  const Told told = by_storage(32 * kMiB);
  ASSERT_TRUE(told.ok()) << told.everything();
  EXPECT_GE(count("83/10"), 4U);
  check(32 * kMiB);
}

TEST_F(ByToken, OneInTheMakingIsWaitedFor) {
  array().with([](FakeScsi& scsi, FakeDisk&, FakeDisk&) { scsi.token_pending = 2; });
  const Told told = by_storage(32 * kMiB);
  ASSERT_TRUE(told.ok()) << told.everything();
  check(32 * kMiB);
}

TEST_F(ByToken, AShortWriteGoesOnWhereItStopped) {
  FakeFault fault = refused_write(wire::codes::kUnderrun, 1);
  fault.work = 1000;
  fault.sense.information = 1000;
  add(fault);
  const Told told = by_storage(32 * kMiB);
  ASSERT_TRUE(told.ok()) << told.everything();
  check(32 * kMiB);
}

TEST_F(ByToken, AUnitAttentionIsNoReasonToStop) {
  add(refused_write({wire::SenseKey::unit_attention, 0x29, 0x00}, 1));
  const Told told = by_storage(32 * kMiB);
  ASSERT_TRUE(told.ok()) << told.everything();
  check(32 * kMiB);
}

TEST_F(ByToken, AMediumThatFailsIsAFailureAndNothingElseIsTried) {
  add(refused_write({wire::SenseKey::medium_error, 0x11, 0x00}, 1));
  const Told told = range({"0:0:32M"});
  EXPECT_EQ(told.run.exit_code, 1);
  EXPECT_THAT(told.run.err, HasSubstr("the medium failed"));
  EXPECT_EQ(told.by("buffered") + told.by("direct"), 0U);
  EXPECT_LT(passed() - host_bytes_, 32 * kMiB / 100);
  // What was under way beside it may have been written or not.
  const uint64_t done = told.by(kToken);
  array().with([&](FakeScsi&, FakeDisk& source, FakeDisk& destination) {
    EXPECT_TRUE(source.data == disk(1).data);
    EXPECT_EQ(std::memcmp(destination.data.data(), source.data.data(), done), 0);
    for (uint64_t at = done; at < kDisk; at += kBlock) {
      const bool old = std::memcmp(&destination.data[at], &expected_[at], kBlock) == 0;
      EXPECT_TRUE(old || std::memcmp(&destination.data[at], &source.data[at], kBlock) == 0) << at;
    }
  });
}

TEST_F(ByToken, WhatTheStorageDoesNotDoTheHostDoesFromThere) {
  FakeFault fault = refused_write(wire::codes::kInvalidOperation, 1);
  fault.times = 1000;
  add(fault);
  expect({0, 0, 32 * kMiB});
  const Told told = range({"--durability=durable", "0:0:32M"});
  ASSERT_TRUE(told.ok()) << told.everything();
  EXPECT_GT(told.by(kToken), 0U);
  EXPECT_EQ(told.by(kToken) + told.by("buffered") + told.by("direct"), 32 * kMiB);
  EXPECT_EQ(told.why_not(kToken), "the device does not have the command");
  check_contents();
}

TEST_F(ByToken, AWrongDiskIsFoundOutAndTheHostCopies) {
  array().with([](FakeScsi& scsi, FakeDisk&, FakeDisk&) { scsi.misdirect(); });
  expect({0, 0, 8 * kMiB});
  const Told told = range({"--durability=durable", "0:0:8M"});
  ASSERT_TRUE(told.ok()) << told.everything();
  EXPECT_EQ(told.by(kToken), 0U);
  EXPECT_EQ(told.why_not(kToken), "the destination does not hold what was copied to it");
  check_contents();
}

TEST_F(SimulatedArray, TheProbeShowsTheLimits) {
  const Finished done = place_.run({"copyfile", "probe", "--json", "/dev/sda", "/dev/sdb"});
  ASSERT_TRUE(done.ok()) << done.err;
  const nlohmann::json report = nlohmann::json::parse(done.out);
  const std::string reason = report["mechanisms"][kExtendedCopy]["reason"];
  EXPECT_THAT(reason, HasSubstr(", 64 a command, 4 commands at once"));
}

}  // namespace
}  // namespace libcopyfile::test
