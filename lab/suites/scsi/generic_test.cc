// The same LUNs by their SCSI generic nodes. In a file that is linked before the one at whose end a LUN vanishes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>

#include "lab/support/workplace.h"
#include "luns.h"

namespace libcopyfile::test {
namespace {

using ::testing::HasSubstr;

constexpr const char* kByStorage = "scsi_extended_copy";
constexpr Range kData{0, 16 * kMiB};
constexpr Range kAll{0, 32 * kMiB};

class Generic : public ::testing::Test {
 protected:
  Generic() {
    write_stamped("sda", kAll, 3, a_);
    write_stamped("sdb", kAll, 4, b_);
  }

  void check() const {
    expect_disk("sda", a_, kAll);
    expect_disk("sdb", b_, kAll);
  }
  // Copied by the storage from `from` to `to`, which lead to sda and sdb.
  void copies(const std::string& from, const std::string& to) {
    const Traffic traffic;
    const Told told = place_.by_storage({from, to, "0:0:16M"});
    const HostTraffic passed = traffic.so_far();
    ASSERT_TRUE(told.ok()) << told.everything();
    EXPECT_EQ(told.by(kByStorage), kData.end);
    EXPECT_LT(passed.bytes + passed.read, kData.end / 100);
    b_.copy(a_, {0, 0, kData.end});
    check();
  }

  Workplace place_{"/run", "/run"};
  const std::string one_ = generic_node("sda");
  const std::string two_ = generic_node("sdb");
  Oracle a_, b_;
};

TEST_F(Generic, NodesAreCopiedByTheStorage) { copies(one_, two_); }
TEST_F(Generic, FromADiskToANode) { copies("/dev/sda", two_); }
TEST_F(Generic, FromANodeToADisk) { copies(one_, "/dev/sdb"); }

TEST_F(Generic, InsideOneUnit) {
  const Told told = place_.by_storage({one_, one_, "0:16M:16M"});
  ASSERT_TRUE(told.ok()) << told.everything();
  EXPECT_EQ(told.by(kByStorage), kData.end);
  a_.copy(a_, {0, kData.end, kData.end});
  check();
}

// The control: the target counts what is read by SG_IO, which the kernel's counters of disks do not.
TEST_F(Generic, ThroughTheHostTheirBytesAreReadAndWrittenPastTheDisks) {
  const Traffic traffic;
  const Told told =
      place_.overwrite({"--reflink=never", "--durability=durable", one_, two_, "100:300:8M"});
  const HostTraffic passed = traffic.so_far();
  ASSERT_TRUE(told.ok()) << told.everything();
  EXPECT_EQ(told.by("buffered"), 8 * kMiB);
  EXPECT_GE(passed.read, 8 * kMiB);
  EXPECT_LT(passed.bytes, 8 * kMiB / 100);
  b_.copy(a_, {100, 300, 8 * kMiB});
  check();
}

TEST_F(Generic, FilesAreWrittenToThemAndReadFromThem) {
  shell("head -c 1000003 /dev/sda >/run/file");
  const Told told = place_.overwrite({"/run/file", two_, "0:1M:1000003"});
  ASSERT_TRUE(told.ok()) << told.everything();
  b_.copy(a_, {0, kMiB, 1'000'003});
  check();
  const Told back = place_.overwrite({two_, "/run/image", "1M:0:1000003"});
  ASSERT_TRUE(back.ok()) << back.everything();
  shell("cmp /run/file /run/image && rm /run/image /run/file");
}

TEST_F(Generic, ANodeIsNotOverwrittenUnasked) {
  const Told told = place_.range({one_, two_, "0:0:1M"});
  EXPECT_FALSE(told.ok());
  EXPECT_THAT(told.run.err, HasSubstr("say --overwrite-device"));
  check();
}

TEST_F(Generic, WhatIsMountedIsNeitherReadNorWrittenPastTheKernel) {
  shell("mkfs.ext4 -q -F /dev/sdb 16M && mkdir -p /run/mounted && mount /dev/sdb /run/mounted");
  const Told to = place_.overwrite({one_, two_, "0:0:1M"});
  const Told from = place_.overwrite({two_, one_, "0:0:1M"});
  umount("/run/mounted");
  for (const Told* told : {&to, &from}) {
    EXPECT_FALSE(told->ok());
    EXPECT_THAT(told->run.err, HasSubstr("'" + two_ + "'"));
    EXPECT_THAT(
        told->run.err,
        HasSubstr("/dev/sdb, which is the same disk, is mounted or part of another device"));
  }
  expect_disk("sda", a_, kAll);
}

TEST_F(Generic, ThePageCacheOfTheirDisksIsWrittenBeforeAndForgottenBehind) {
  for (const char* how : {"--offload=always", "--reflink=never"}) {
    // Changed a moment ago, and read by somebody; both have the disks open still.
    const Finished done = place_.run(
        {"sh", "-c",
         std::string("exec 3<>/dev/sda 4</dev/sdb && dd bs=1M count=4 <&4 2>/dev/null | cksum "
                     ">/run/before && echo ") +
             how +
             " | dd of=/dev/sda bs=1 seek=1000000 conv=notrunc 2>/dev/null && "
             "copyfile range --overwrite-device " +
             how + " " + one_ + " " + two_ +
             " 0:0:4M && dd if=/dev/sdb bs=1M count=4 2>/dev/null | cksum >/run/behind && "
             "dd if=/dev/sda bs=1M count=4 2>/dev/null | cksum | cmp - /run/behind && "
             "! cmp -s /run/before /run/behind"});
    EXPECT_TRUE(done.ok()) << how << done.out << done.err;
  }
}

// Nobody has told the kernel's driver of disks of it.
TEST_F(Generic, AUnitWithoutABlockDeviceIsCopiedAsWell) {
  const std::string address = shell("basename $(readlink -f /sys/block/sdb/device)");
  const std::string number = address.substr(0, address.find('\n'));
  const auto tell = [&](const char* what) {
    shell("echo " + number + " >/sys/bus/scsi/drivers/sd/" + what);
  };
  tell("unbind");
  const Told storage = place_.by_storage({one_, two_, "0:0:8M"});
  const Told host = place_.overwrite({"--reflink=never", one_, two_, "8M:8M:4M"});
  tell("bind");
  shell("until [ -b /dev/sdb ]; do sleep 0.1; done");
  ASSERT_TRUE(storage.ok()) << storage.everything();
  ASSERT_TRUE(host.ok()) << host.everything();
  b_.copy(a_, {0, 0, 12 * kMiB});
  check();
}

TEST_F(Generic, TheProbeShowsTheLimitsOfTheTarget) {
  const Finished done = place_.run({"copyfile", "probe", "--json", one_, two_});
  ASSERT_TRUE(done.ok()) << done.err;
  const nlohmann::json report = nlohmann::json::parse(done.out);
  const std::string reason = report["mechanisms"][kByStorage]["reason"];
  EXPECT_THAT(reason, HasSubstr(", 1 a command, 1 commands at once, in units of 512 bytes"));
}

}  // namespace
}  // namespace libcopyfile::test
