// Copies inside the namespaces of QEMU's NVMe controller, which carries Copy out by itself.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>

#include <cstdio>
#include <fstream>

#include "lab/support/disk_data.h"
#include "lab/support/workplace.h"
#include "spaces.h"

namespace libcopyfile::test {
namespace {

using ::testing::HasSubstr;

constexpr const char* kByStorage = "nvme_copy";
constexpr Range kData{0, 16 * kMiB};     // that is stamped
constexpr Range kAll{0, 2 * kData.end};  // that is looked at

// Fewer bytes than 1% of `bytes` passed through this host.
::testing::AssertionResult stayed_in_the_storage(const Sent& sent, uint64_t bytes) {
  if (sent.bytes < bytes / 100 && sent.copies > 0) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << sent.bytes << " bytes passed through the host, of "
                                       << bytes << ", and " << sent.copies << " Copy commands";
}

uint64_t host_bytes(const Told& told) {
  return told.by("buffered") + told.by("direct") + told.by("copy_range");
}

class Nvme : public ::testing::Test {
 protected:
  Nvme(const char* serial, unsigned number) : disk_(disk_of(serial, number)) {
    write_stamped(disk_, kData, 1, data_);
    shell("dd if=/dev/zero of=/dev/" + disk_ + " bs=1M seek=16 count=16 conv=fsync 2>/dev/null");
  }
  Nvme() : Nvme("lab0", 1) {}

  std::string node() const { return "/dev/" + disk_; }
  // Inside the namespace.
  Told range(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {"--overwrite-device", node(), node()});
    return place_.range(arguments);
  }
  // A failure where a byte would have to pass through the host.
  Told by_storage(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), "--offload=always");
    return range(arguments);
  }
  Told range_by_host(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {"--reflink=never", "--durability=durable"});
    return range(arguments);
  }
  // The list of ranges for --ranges.
  static std::string list(const std::vector<CopyRange>& ranges) {
    std::ofstream file("/run/ranges");
    for (const CopyRange& r : ranges) file << r.in << ':' << r.out << ':' << r.length << '\n';
    return "/run/ranges";
  }
  void copied(const std::vector<CopyRange>& ranges) {
    for (const CopyRange& range : ranges) data_.copy(data_, range);
  }
  void check() const { expect_disk(disk_, data_, kAll); }
  // What the probe says of it.
  std::string limits() const {
    const Finished done = place_.run({"copyfile", "probe", "--json", node(), node()});
    EXPECT_TRUE(done.ok()) << done.err;
    const nlohmann::json report = nlohmann::json::parse(done.out, nullptr, false);
    return report.is_object() ? report["mechanisms"][kByStorage].value("reason", "") : done.out;
  }

  const std::string disk_;
  Workplace place_{"/run", "/run"};
  Oracle data_;
};

// Three ranges of 4 KiB a command, 10 KiB in all.
class NvmeOfSmallLimits : public Nvme {
 protected:
  NvmeOfSmallLimits() : Nvme("lab0", 3) {}
};

class NvmeOfLargeBlocks : public Nvme {
 protected:
  NvmeOfLargeBlocks() : Nvme("lab0", 4) {}
};

// Two controllers lead to it.
class NvmeByTwoPaths : public Nvme {
 protected:
  NvmeByTwoPaths() : Nvme("lab1", 1) {}
};

TEST_F(Nvme, CopiesARangeInsideANamespace) {
  const CopyRange range{0, kData.end, kData.end};
  copied({range});
  const Trace trace;
  const Told told = by_storage({"0:16M:16M"});
  const Sent sent = Trace::so_far();
  ASSERT_TRUE(told.ok()) << told.everything();
  EXPECT_EQ(told.by(kByStorage), range.length);
  EXPECT_TRUE(stayed_in_the_storage(sent, range.length));
  EXPECT_GE(sent.copies, range.length / (64 * 1024));
  check();
}

// The control: through the host every byte passes twice, and the trace shows it.
TEST_F(Nvme, TheTraceShowsBytesThatPassThroughTheHost) {
  const CopyRange range{0, kData.end, kData.end};
  copied({range});
  shell("echo 3 >/proc/sys/vm/drop_caches");
  const Trace trace;
  const Told told = range_by_host({"0:16M:16M"});
  const Sent sent = Trace::so_far();
  ASSERT_TRUE(told.ok()) << told.everything();
  EXPECT_EQ(host_bytes(told), range.length);
  EXPECT_GE(sent.bytes, 2 * range.length);
  EXPECT_EQ(sent.copies, 0U);
  EXPECT_FALSE(stayed_in_the_storage(sent, range.length));
  check();
}

TEST_F(Nvme, ManyRangesToOnePlaceShareACommand) {
  constexpr uint64_t kEach = 4096;
  constexpr uint64_t kCount = 2048;
  std::vector<CopyRange> ranges;
  for (uint64_t i = 0; i < kCount; ++i) {
    ranges.push_back({(kCount - 1 - i) * 2 * kEach, kData.end + i * kEach, kEach});
  }
  copied(ranges);
  const Trace trace;
  const Told told = by_storage({"--ranges", list(ranges)});
  const Sent sent = Trace::so_far();
  ASSERT_TRUE(told.ok()) << told.everything();
  EXPECT_EQ(told.by(kByStorage), kCount * kEach);
  EXPECT_TRUE(stayed_in_the_storage(sent, kCount * kEach));
  // Sixteen a command, of which there may be some to find out that it works, and how fast.
  EXPECT_LT(sent.copies, kCount / 16 + 40);
  check();
}

TEST_F(Nvme, ManyRangesToManyPlacesTakeACommandEach) {
  constexpr uint64_t kEach = 32 * 1024;
  constexpr uint64_t kBlock = 512;
  constexpr uint64_t kCount = 500;
  std::vector<CopyRange> ranges;
  for (uint64_t i = 0; i < kCount; ++i) {
    ranges.push_back({i * kEach, kData.end + (kCount - 1 - i) * kEach, kBlock * (1 + i * 37 % 63)});
  }
  copied(ranges);
  const Trace trace;
  const Told told = by_storage({"--ranges", list(ranges)});
  const Sent sent = Trace::so_far();
  ASSERT_TRUE(told.ok()) << told.everything();
  EXPECT_EQ(told.by(kByStorage), total_length(ranges));
  EXPECT_TRUE(stayed_in_the_storage(sent, total_length(ranges)));
  EXPECT_GE(sent.copies, kCount);
  check();
}

TEST_F(NvmeOfSmallLimits, ALargeRequestIsManyCommands) {
  constexpr uint64_t kLength = 8 * kMiB;
  copied({{0, kData.end, kLength}});
  const Trace trace;
  const Told told = by_storage({"0:16M:8M"});
  const Sent sent = Trace::so_far();
  ASSERT_TRUE(told.ok()) << told.everything();
  EXPECT_EQ(told.by(kByStorage), kLength);
  EXPECT_TRUE(stayed_in_the_storage(sent, kLength));
  EXPECT_GE(sent.copies, kLength / (10 * 1024));
  check();
}

TEST_F(NvmeOfSmallLimits, TheProbeShowsThem) {
  EXPECT_EQ(limits(),
            "up to 10 KiB a command, in up to 3 ranges of up to 4 KiB to one place, in blocks of "
            "512 bytes");
  check();
}

TEST_F(Nvme, TheProbeShowsTheLimits) {
  EXPECT_EQ(limits(),
            "up to 64 KiB a command, in up to 128 ranges of up to 64 KiB to one place, in blocks "
            "of 512 bytes");
  check();
}

TEST_F(Nvme, EndsThatAreNoBlocksPassThroughTheHost) {
  const std::vector<CopyRange> ranges{{100, 16 * kMiB + 100, 4 * kMiB},
                                      {5 * kMiB - 1, 22 * kMiB - 1, 2 * kMiB + 2},
                                      {10 * kMiB + 511, 26 * kMiB + 511, 3 * kMiB}};
  copied(ranges);
  const Told told = range({"--ranges", list(ranges)});
  ASSERT_TRUE(told.ok()) << told.everything();
  // Of each a head and a tail that are less than a block.
  constexpr uint64_t kEnds = (412 + 100) + (1 + 1) + (1 + 511);
  EXPECT_EQ(host_bytes(told), kEnds);
  EXPECT_EQ(told.by(kByStorage), total_length(ranges) - kEnds);
  check();
  EXPECT_FALSE(by_storage({"100:16777316:4M"}).ok());
}

TEST_F(NvmeOfLargeBlocks, EndsOfThemPassThroughTheHost) {
  const std::vector<CopyRange> ranges{{512, kData.end + 512, 8 * kMiB}};
  copied(ranges);
  const Told told = range({"--ranges", list(ranges)});
  ASSERT_TRUE(told.ok()) << told.everything();
  EXPECT_EQ(host_bytes(told), 4096U);
  EXPECT_EQ(told.by(kByStorage), 8 * kMiB - 4096);
  check();
}

TEST_F(NvmeByTwoPaths, CopiesInsideANamespace) {
  copied({{0, kData.end, kData.end}});
  const Trace trace;
  const Told told = by_storage({"0:16M:16M"});
  const Sent sent = Trace::so_far();
  ASSERT_TRUE(told.ok()) << told.everything();
  EXPECT_TRUE(stayed_in_the_storage(sent, kData.end));
  check();
}

// Of 12 MiB each, from 1 MiB and from 16 MiB on.
class NvmePartitions : public Nvme {
 protected:
  NvmePartitions() {
    mark(
        "'\\000\\000\\000\\000\\203\\000\\000\\000\\000\\010\\000\\000\\000\\140\\000\\000"
        "\\000\\000\\000\\000\\203\\000\\000\\000\\000\\200\\000\\000\\000\\140\\000\\000'");
    shell("until [ -b " + first() + " ] && [ -b " + second() + " ]; do sleep 0.1; done");
  }
  void TearDown() override { mark("''"); }

  std::string first() const { return node() + "p1"; }
  std::string second() const { return node() + "p2"; }
  Told by_storage(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {"--overwrite-device", "--offload=always"});
    return place_.copy(arguments);
  }
  void check() const { expect_disk(disk_, data_, {kMiB, 31 * kMiB}); }

 private:
  void mark(const std::string& table) const {
    shell("dd if=/dev/zero of=" + node() + " bs=512 count=1 2>/dev/null && printf " + table +
          " | dd of=" + node() + " bs=1 seek=446 conv=notrunc 2>/dev/null && " +
          "printf '\\125\\252' | dd of=" + node() + " bs=1 seek=510 conv=notrunc 2>/dev/null && " +
          "blockdev --rereadpt " + node());
  }
};

TEST_F(NvmePartitions, AreCopiedAsAWhole) {
  data_.copy(data_, {kMiB, 16 * kMiB, 12 * kMiB});
  const Trace trace;
  const Told told = by_storage({first(), second()});
  const Sent sent = Trace::so_far();
  ASSERT_TRUE(told.ok()) << told.everything();
  EXPECT_EQ(told.by(kByStorage), 12 * kMiB);
  EXPECT_TRUE(stayed_in_the_storage(sent, 12 * kMiB));
  check();
}

TEST_F(NvmePartitions, NothingIsCopiedBehindTheirEnd) {
  const Told told = place_.range({"--overwrite-device", first(), second(), "0:11M:2M"});
  EXPECT_FALSE(told.ok()) << told.everything();
  data_.copy(data_, {kMiB, 27 * kMiB, kMiB});
  check();
}

TEST_F(NvmePartitions, ThatAreMountedAreNotWrittenTo) {
  shell("mkfs.ext4 -q -F " + second() + " && mkdir -p /run/mounted && mount -o noinit_itable " +
        second() + " /run/mounted && sync");
  const Trace trace;
  const Told told = place_.range({"--overwrite-device", first(), second(), "0:0:4M"});
  const Sent sent = Trace::so_far();
  umount("/run/mounted");
  EXPECT_FALSE(told.ok());
  EXPECT_THAT(told.run.err, HasSubstr("Device or resource busy"));
  EXPECT_EQ(sent.copies, 0U);
}

TEST_F(NvmePartitions, ASourceThatIsMountedIsReadByTheHost) {
  shell("mkfs.ext4 -q -F " + first() + " 4M && mkdir -p /run/mounted && mount -o ro " + first() +
        " /run/mounted");
  const Told told = place_.range({"--overwrite-device", first(), second(), "8M:8M:4M"});
  umount("/run/mounted");
  ASSERT_TRUE(told.ok()) << told.everything();
  EXPECT_EQ(host_bytes(told), 4 * kMiB);
  EXPECT_EQ(told.why_not(kByStorage), "the source is mounted, or part of another device");
  shell("sync");
  data_.copy(data_, {9 * kMiB, 24 * kMiB, 4 * kMiB});
  expect_disk(disk_, data_, {16 * kMiB, 28 * kMiB});
}

// Between two disks: through the host, for that reason; and where that is not wanted, nothing is written.
class NvmeToAnother : public Nvme {
 protected:
  void through_the_host(const std::string& other, const std::string& reason) {
    const std::vector<std::string> request{"--overwrite-device", node(), "/dev/" + other, "0:0:8M"};
    Oracle expected;
    write_stamped(other, {0, 16 * kMiB}, 2, expected);
    std::vector<std::string> always = request;
    always.insert(always.begin(), "--offload=always");
    const Trace trace;
    const Told refused = place_.range(always);
    const Sent sent = Trace::so_far();
    EXPECT_FALSE(refused.ok());
    EXPECT_THAT(refused.run.err, HasSubstr(reason));
    EXPECT_EQ(sent.writes + sent.copies, 0U);
    expect_disk(other, expected, {0, 16 * kMiB});

    const Told told = place_.range(request);
    ASSERT_TRUE(told.ok()) << told.everything();
    EXPECT_EQ(host_bytes(told), 8 * kMiB);
    EXPECT_EQ(told.why_not(kByStorage), reason);
    shell("sync");
    expected.copy(data_, {0, 0, 8 * kMiB});
    expect_disk(other, expected, {0, 16 * kMiB});
  }
};

// QEMU 7.2 has no formats of ranges that name another namespace; later ones do, and no kernel enables them.
TEST_F(NvmeToAnother, NamespaceTheHostCopiesUnlessTheControllerIsToldTo) {
  const std::string other = disk_of("lab0", 2);
  if (!copies_between_namespaces(disk_)) {
    through_the_host(other, "the controller copies inside one namespace only");
    return;
  }
  through_the_host(other, "copies between namespaces are not enabled at the controller");
  enable_copies_between_namespaces(disk_, true);
  const Trace trace;
  const Told told = place_.range(
      {"--offload=always", "--overwrite-device", node(), "/dev/" + other, "4M:4M:12M"});
  const Sent sent = Trace::so_far();
  enable_copies_between_namespaces(disk_, false);
  ASSERT_TRUE(told.ok()) << told.everything();
  EXPECT_TRUE(stayed_in_the_storage(sent, 12 * kMiB));
  expect_disk(other, data_, {0, 16 * kMiB});
}

TEST_F(NvmeToAnother, ControllerTheHostCopies) {
  through_the_host(disk_of("lab1", 1), "the namespaces are of different controllers");
}

TEST_F(NvmeToAnother, SizeOfBlocksTheHostCopies) {
  through_the_host(disk_of("lab0", 4), "the namespaces have blocks of different sizes");
}

TEST_F(NvmeToAnother, KindOfBlocksTheHostCopies) {
  through_the_host(disk_of("lab0", 5), "the namespace keeps metadata with its blocks");
}

TEST_F(Nvme, AZonedOneIsReadByTheHost) {
  const std::string zoned = disk_of("lab0", 6);
  shell("dd if=" + node() + " of=/dev/" + zoned + " bs=64k count=16 oflag=direct 2>/dev/null");
  const Told told = place_.range({"--overwrite-device", "/dev/" + zoned, node(), "0:16M:1M"});
  ASSERT_TRUE(told.ok()) << told.everything();
  EXPECT_EQ(told.why_not(kByStorage), "a zoned disk is written in order only");
  shell("sync");
  copied({{0, kData.end, kMiB}});
  check();
}

TEST_F(Nvme, WhatThePageCacheHoldsIsWrittenAndForgotten) {
  // Changed a moment ago, and read by somebody who has it open still.
  const Finished done =
      place_.run({"sh", "-c",
                  "exec 3<>" + node() +
                      " && dd bs=1M skip=16 count=4 <&3 2>/dev/null | cksum >/run/before && "
                      "printf changed | dd of=" +
                      node() +
                      " bs=1 seek=1000000 conv=notrunc 2>/dev/null && "
                      "copyfile range --overwrite-device --offload=always " +
                      node() + " " + node() + " 0:16M:4M && dd if=" + node() +
                      " bs=1M skip=16 count=4 2>/dev/null | cksum >/run/behind && "
                      "dd if=" +
                      node() + " bs=1M count=4 2>/dev/null | cksum | cmp - /run/behind"});
  ASSERT_TRUE(done.ok()) << done.out << done.err;
  const std::string text = "changed";
  data_.write(1'000'000, std::as_bytes(std::span(text)));
  copied({{0, kData.end, 4 * kMiB}});
  check();
}

TEST_F(NvmeByTwoPaths, CopyingIsTimedBesideReadingAndWriting) {
  const double storage = seconds_of([&] { EXPECT_TRUE(by_storage({"0:16M:16M"}).ok()); });
  const double host = seconds_of([&] { EXPECT_TRUE(range_by_host({"0:16M:16M"}).ok()); });
  std::printf("measured: 16 MiB inside a namespace: %.2f s, through the host %.2f s\n", storage,
              host);
}

// Commands under way are given up by the kernel; what becomes of the copy depends on whether there were any.
TEST_F(Nvme, AResetInTheMiddleLosesNothingThatCounts) {
  const Trace trace;
  std::thread resetting = in_between([] { reset_controllers("lab0"); });
  const Told told = range({"--limit-rate=4M", "0:16M:16M"});
  resetting.join();
  const uint64_t done = told.by(kByStorage);
  EXPECT_GT(done, 0U) << told.everything();
  EXPECT_EQ(told.ok(), done == kData.end) << told.everything();
  copied({{0, kData.end, align_down(done, kMiB)}});
  expect_disk(disk_, data_, {0, kData.end + align_down(done, kMiB)});
}

class NvmeAtTheEnd : public NvmeByTwoPaths {};

// Last, because nothing brings them back.
TEST_F(NvmeAtTheEnd, ControllersThatVanishAreAFailureAtThePointDone) {
  const Trace trace;
  std::thread vanishing = in_between([] { remove_controllers("lab1"); });
  const Told told = range({"--limit-rate=1M", "0:16M:16M"});
  vanishing.join();
  EXPECT_EQ(told.run.exit_code, 1);
  EXPECT_THAT(told.run.err, HasSubstr("'" + node() + "'"));
  EXPECT_THAT(told.run.err, HasSubstr(" of 16777216 bytes are copied)"));
  EXPECT_GT(told.by(kByStorage), 0U);
  EXPECT_LT(told.by(kByStorage), kData.end);
  EXPECT_EQ(host_bytes(told), 0U);
}

}  // namespace
}  // namespace libcopyfile::test
