// Copies between LUNs of the kernel's own SCSI target (LIO), which implements EXTENDED COPY with one segment a command.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "lab/support/workplace.h"
#include "luns.h"
#include "testing/scratch_error.h"

namespace libcopyfile::test {
namespace {

using ::testing::HasSubstr;

constexpr const char* kByStorage = "scsi_extended_copy";
constexpr Range kAll{0, 64 * kMiB};  // that the tests write to, and look at

class Lio : public ::testing::Test {
 protected:
  Lio() {
    write_stamped("sda", kAll, 1, a_);
    write_stamped("sdb", kAll, 2, b_);
  }

  void expect_both() const {
    expect_disk("sda", a_, kAll);
    expect_disk("sdb", b_, kAll);
  }

  Workplace place_{"/run", "/run"};
  Oracle a_, b_;
};

TEST_F(Lio, CopiesFromOneLunToAnother) {
  b_.copy(a_, {0, 0, kAll.end});
  const Traffic traffic;
  const Told told = place_.by_storage({"/dev/sda", "/dev/sdb", "0:0:64M"});
  const HostTraffic passed = traffic.so_far();
  ASSERT_TRUE(told.ok()) << told.everything();
  EXPECT_EQ(told.by(kByStorage), kAll.end);
  EXPECT_TRUE(stayed_in_the_storage(passed, kAll.end));
  expect_both();
}

// The control: through the host every byte passes twice, and the counters see it.
TEST_F(Lio, CountersSeeBytesThatPassThroughTheHost) {
  b_.copy(a_, {0, 0, kAll.end});
  shell("echo 3 >/proc/sys/vm/drop_caches");
  const Traffic traffic;
  const Told told = place_.overwrite(
      {"--reflink=never", "--durability=durable", "/dev/sda", "/dev/sdb", "0:0:64M"});
  const HostTraffic passed = traffic.so_far();
  ASSERT_TRUE(told.ok()) << told.everything();
  EXPECT_EQ(told.by(kByStorage), 0U);
  EXPECT_GE(passed.bytes, 2 * kAll.end);
  EXPECT_GE(passed.read, kAll.end);
  EXPECT_FALSE(stayed_in_the_storage(passed, kAll.end));
  expect_both();
}

TEST_F(Lio, CopiesInsideOneLun) {
  const CopyRange half{0, 32 * kMiB, 32 * kMiB};
  a_.copy(a_, half);
  const Traffic traffic;
  const Told told = place_.by_storage({"/dev/sda", "/dev/sda", "0:32M:32M"});
  const HostTraffic passed = traffic.so_far();
  ASSERT_TRUE(told.ok()) << told.everything();
  EXPECT_EQ(told.by(kByStorage), half.length);
  EXPECT_TRUE(stayed_in_the_storage(passed, half.length));
  expect_both();
}

TEST_F(Lio, TheProbeShowsTheLimitsOfTheTarget) {
  const Finished done = place_.run({"copyfile", "probe", "--json", "/dev/sda", "/dev/sdb"});
  ASSERT_TRUE(done.ok()) << done.err;
  const nlohmann::json report = nlohmann::json::parse(done.out);
  const std::string reason = report["mechanisms"][kByStorage]["reason"];
  EXPECT_THAT(reason, HasSubstr(", 1 a command, 1 commands at once, in units of 512 bytes"));
  expect_both();
}

// Turned round, of many sizes; one command each.
TEST_F(Lio, CopiesManyRanges) {
  constexpr uint64_t kCount = 2000;
  constexpr uint64_t kEach = 32 * 1024;
  constexpr uint64_t kBlock = 512;
  uint64_t bytes = 0;
  {
    std::ofstream list("/run/ranges");
    for (uint64_t i = 0; i < kCount; ++i) {
      const CopyRange one{i * kEach, (kCount - 1 - i) * kEach, kBlock * (1 + i % 64)};
      b_.copy(a_, one);
      bytes += one.length;
      list << one.in << ':' << one.out << ':' << one.length << '\n';
    }
  }
  const Traffic traffic;
  const Told told = place_.by_storage({"--ranges", "/run/ranges", "/dev/sda", "/dev/sdb"});
  const HostTraffic passed = traffic.so_far();
  ASSERT_TRUE(told.ok()) << told.everything();
  EXPECT_EQ(told.by(kByStorage), bytes);
  EXPECT_TRUE(stayed_in_the_storage(passed, bytes));
  expect_both();
}

TEST_F(Lio, EndsThatAreNoBlocksPassThroughTheHost) {
  const CopyRange ranges[] = {{100, 100, 10 * kMiB},
                              {20 * kMiB - 1, 40 * kMiB - 1, 5 * kMiB + 2},
                              {30 * kMiB + 511, 50 * kMiB + 511, 3 * kMiB}};
  std::vector<std::string> arguments{"/dev/sda", "/dev/sdb"};
  uint64_t bytes = 0;
  for (const CopyRange& range : ranges) {
    b_.copy(a_, range);
    bytes += range.length;
    arguments.push_back(std::to_string(range.in) + ":" + std::to_string(range.out) + ":" +
                        std::to_string(range.length));
  }
  const Told told = place_.overwrite(arguments);
  ASSERT_TRUE(told.ok()) << told.everything();
  // Of each a head and a tail that are less than a block.
  constexpr uint64_t kEnds = (412 + 100) + (1 + 1) + (1 + 511);
  EXPECT_EQ(told.by("buffered"), kEnds);
  EXPECT_EQ(told.by(kByStorage), bytes - kEnds);
  expect_both();
}

TEST_F(Lio, PartitionsBeginWhereTheyBegin) {
  // From 1 MiB on, 32 MiB long.
  const char* const mark =
      "dd if=/dev/zero of=/dev/sdb bs=512 count=1 2>/dev/null && "
      "printf '\\000\\000\\000\\000\\203\\000\\000\\000\\000\\010\\000\\000\\000\\000\\001\\000' | "
      "dd of=/dev/sdb bs=1 seek=446 conv=notrunc 2>/dev/null && "
      "printf '\\125\\252' | dd of=/dev/sdb bs=1 seek=510 conv=notrunc 2>/dev/null && "
      "blockdev --rereadpt /dev/sdb && until [ -b /dev/sdb1 ]; do sleep 0.1; done";
  shell(mark);
  const Traffic traffic;
  const Told told = place_.by_storage({"/dev/sda", "/dev/sdb1", "2M:0:32M"});
  const HostTraffic passed = traffic.so_far();
  const Told too_far = place_.overwrite({"/dev/sda", "/dev/sdb1", "0:31M:2M"});
  shell("dd if=/dev/zero of=/dev/sdb bs=512 count=1 2>/dev/null && blockdev --rereadpt /dev/sdb");
  ASSERT_TRUE(told.ok()) << told.everything();
  EXPECT_TRUE(stayed_in_the_storage(passed, 32 * kMiB));
  EXPECT_FALSE(too_far.ok()) << too_far.everything();
  b_.copy(a_, {2 * kMiB, kMiB, 32 * kMiB});
  // What fits is copied, by the host; nothing behind the partition.
  b_.copy(a_, {0, 32 * kMiB, kMiB});
  expect_disk("sdb", b_, {kMiB, kAll.end});
}

TEST_F(Lio, WhatTheTargetDoesNotReachTheHostCopies) {
  const Told told = place_.overwrite({"/dev/sda", "/dev/sdc", "0:0:8M"});
  ASSERT_TRUE(told.ok()) << told.everything();
  EXPECT_EQ(told.by(kByStorage), 0U);
  EXPECT_EQ(told.why_not(kByStorage), "the copy manager does not reach the other device");
  sync();
  expect_disk("sdc", a_, {0, 8 * kMiB});
  EXPECT_FALSE(place_.by_storage({"/dev/sda", "/dev/sdc", "0:0:8M"}).ok());
}

TEST_F(Lio, BlocksOfAnotherSizeAreNotForTheStorage) {
  const Told told = place_.overwrite({"/dev/sda", "/dev/sdd", "0:0:8M"});
  ASSERT_TRUE(told.ok()) << told.everything();
  EXPECT_EQ(told.why_not(kByStorage), "the devices have blocks of different sizes");
  sync();
  expect_disk("sdd", a_, {0, 8 * kMiB});
}

TEST_F(Lio, ADestinationThatIsMountedIsNotTouched) {
  shell(
      "mkfs.ext4 -q -F /dev/sdb 32M && mkdir -p /run/mounted && "
      "mount -o noinit_itable /dev/sdb /run/mounted && sync");
  const std::string sum = "head -c 33554432 /dev/sdb | cksum";
  const std::string before = shell(sum);
  const Told told = place_.overwrite({"/dev/sda", "/dev/sdb", "0:0:8M"});
  const std::string behind = shell(sum);
  umount("/run/mounted");
  EXPECT_FALSE(told.ok());
  EXPECT_THAT(told.run.err, HasSubstr("Device or resource busy"));
  EXPECT_EQ(behind, before);
}

TEST_F(Lio, ASourceThatIsMountedIsReadByTheHost) {
  shell(
      "mkfs.ext4 -q -F /dev/sda 32M && mkdir -p /run/mounted && mount -o ro /dev/sda /run/mounted");
  const Told told = place_.overwrite({"/dev/sda", "/dev/sdb", "32M:32M:8M"});
  umount("/run/mounted");
  ASSERT_TRUE(told.ok()) << told.everything();
  EXPECT_EQ(told.by(kByStorage), 0U);
  EXPECT_EQ(told.why_not(kByStorage), "the source is mounted, or part of another device");
  sync();
  b_.copy(a_, {32 * kMiB, 32 * kMiB, 8 * kMiB});
  expect_disk("sdb", b_, kAll);
}

TEST_F(Lio, WhatThePageCacheHoldsOfTheDestinationIsForgotten) {
  // Somebody has read it, and has it open still.
  const Finished same =
      place_.run({"sh", "-c",
                  "exec 3</dev/sdb && dd bs=1M count=4 <&3 2>/dev/null | cksum >/run/before && "
                  "copyfile range --overwrite-device --offload=always /dev/sda /dev/sdb 0:0:4M && "
                  "dd if=/dev/sdb bs=1M count=4 2>/dev/null | cksum >/run/behind && "
                  "dd if=/dev/sda bs=1M count=4 2>/dev/null | cksum | cmp - /run/behind && "
                  "! cmp -s /run/before /run/behind"});
  EXPECT_TRUE(same.ok()) << same.out << same.err;
}

// Not synced by whoever wrote it, a moment ago.
TEST_F(Lio, WhatIsDirtyInThePageCacheOfTheSourceIsCopied) {
  // Open, because the last one to close a device waits until all is written.
  const Finished done = place_.run(
      {"sh", "-c",
       "exec 3<>/dev/sda && printf changed | dd of=/dev/sda bs=1 seek=1000000 conv=notrunc "
       "2>/dev/null && copyfile range --overwrite-device --offload=always /dev/sda /dev/sdb "
       "0:0:4M"});
  ASSERT_TRUE(done.ok()) << done.out << done.err;
  b_.copy(a_, {0, 0, 4 * kMiB});
  const std::string text = "changed";
  b_.write(1'000'000, std::as_bytes(std::span(text)));
  expect_disk("sdb", b_, kAll);
}

// Slow enough for somebody to come in between two commands.
TEST_F(Lio, ATargetThatStopsCopyingLeavesTheRestToTheHost) {
  std::thread stopping = in_between([] { allow_copies(false); });
  const Told told = place_.overwrite({"--limit-rate=16M", "/dev/sda", "/dev/sdb", "0:0:64M"});
  stopping.join();
  allow_copies(true);
  ASSERT_TRUE(told.ok()) << told.everything();
  EXPECT_GT(told.by(kByStorage), 0U) << told.report.dump();
  EXPECT_LT(told.by(kByStorage), kAll.end) << "it was stopped in between";
  EXPECT_NE(told.why_not(kByStorage), "");
  sync();
  b_.copy(a_, {0, 0, kAll.end});
  expect_both();
}

TEST_F(Lio, OffloadOrFailDoesNotGoOnThroughTheHost) {
  std::thread stopping = in_between([] { allow_copies(false); });
  const Traffic traffic;
  const Told told = place_.by_storage({"--limit-rate=16M", "/dev/sda", "/dev/sdb", "0:0:64M"});
  const HostTraffic passed = traffic.so_far();
  stopping.join();
  allow_copies(true);
  EXPECT_EQ(told.run.exit_code, 1);
  EXPECT_THAT(told.run.err, HasSubstr(" of 67108864 bytes are copied)"));
  EXPECT_TRUE(stayed_in_the_storage(passed, kAll.end));
  const uint64_t done = told.by(kByStorage);
  EXPECT_GT(done, 0U);
  EXPECT_LT(done, kAll.end);
  b_.copy(a_, {0, 0, done / kMiB * kMiB});
  expect_disk("sdb", b_, {0, done / kMiB * kMiB});
}

// Last, because nothing brings the LUN back.
TEST_F(Lio, ALunThatVanishesIsAFailureAtThePointDone) {
  std::thread vanishing = in_between([] { remove_second_lun(); });
  const Told told = place_.overwrite({"--limit-rate=16M", "/dev/sda", "/dev/sdb", "0:0:64M"});
  vanishing.join();
  EXPECT_EQ(told.run.exit_code, 1);
  // By what the kernel noticed first: ENODEV from the target, or EIO because the command did not come through.
  EXPECT_THAT(told.run.err, HasSubstr("the storage failed to copy '/dev/sda' to '/dev/sdb' ("));
  EXPECT_THAT(told.run.err, HasSubstr(" of 67108864 bytes are copied)"));
  expect_disk("sda", a_, kAll);
}

}  // namespace
}  // namespace libcopyfile::test
