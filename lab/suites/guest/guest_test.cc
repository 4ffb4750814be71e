// In the guest: copies by SG_IO to disks that QEMU passes through.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>

#include "disks.h"
#include "lab/support/disk_data.h"
#include "lab/support/workplace.h"
#include "testing/text_files.h"

namespace libcopyfile::test {
namespace {

using ::testing::HasSubstr;

constexpr const char* kByStorage = "scsi_extended_copy";
constexpr int kRounds = 3;

std::string numbers(const CopyRange& range) {
  return std::to_string(range.in) + ":" + std::to_string(range.out) + ":" +
         std::to_string(range.length);
}

TEST(Guest, SeesDisksThatAreCopiedInUnitsOfTheFileSystem) {
  const std::string disk = shell("readlink -n /dev/first");
  EXPECT_EQ(read_text("/sys/block/" + disk + "/queue/physical_block_size"), "4096\n");
  const Workplace place("/run", "/run");
  const Finished done = place.run({"copyfile", "probe", "--json", "/dev/first", "/dev/second"});
  ASSERT_TRUE(done.ok()) << done.err;
  const nlohmann::json report = nlohmann::json::parse(done.out);
  const std::string reason = report["mechanisms"][kByStorage]["reason"];
  EXPECT_THAT(reason, HasSubstr("256 a command, 8 commands at once, in units of 4 KiB"));
  EXPECT_EQ(report["plan"]["steps"][0]["mechanism"], kByStorage);
}

TEST(Guest, CopiesADiskWithoutReadingIt) {
  const Workplace place("/run", "/run");
  std::vector<double> times;
  for (int round = 0; round < kRounds; ++round) {
    times.push_back(seconds_of([&] {
      const Told told =
          place.copy({"--overwrite-device", "--offload=always", "/dev/first", "/dev/second"});
      ASSERT_TRUE(told.ok()) << told.everything();
      EXPECT_EQ(told.by(kByStorage), guest::kMuch) << told.report.dump();
    }));
  }
  std::printf("measured: a disk of 10 GiB copied in the guest: %.2f s (%.2f to %.2f)\n",
              median(times), *std::min_element(times.begin(), times.end()),
              *std::max_element(times.begin(), times.end()));
}

TEST(Guest, CopiesInsideADiskWhatItHasWrittenThere) {
  const Workplace place("/run", "/run");
  Oracle third;
  write_stamped("third", guest::kWritten, guest::kFile, third);
  const Told told = place.by_storage({"/dev/third", "/dev/third", numbers(guest::kCopied)});
  ASSERT_TRUE(told.ok()) << told.everything();
  EXPECT_EQ(told.by(kByStorage), guest::kCopied.length);
  const std::string node = generic_node(shell("readlink -n /dev/third"));
  shell("sg_xcopy bs=512 if=" + node + " of=" + node +
        " skip=" + std::to_string(guest::kCopiedBySg.in / 512) +
        " seek=" + std::to_string(guest::kCopiedBySg.out / 512) +
        " count=" + std::to_string(guest::kCopiedBySg.length / 512) + " 2>&1");
  shell("blkdiscard -o " + std::to_string(guest::kDiscarded.begin) + " -l " +
        std::to_string(guest::kDiscarded.end - guest::kDiscarded.begin) + " /dev/third");
  third.copy(third, guest::kCopied);
  third.copy(third, guest::kCopiedBySg);
  third.zero(guest::kDiscarded);
  expect_disk("third", third, {0, guest::kThird});
}

}  // namespace
}  // namespace libcopyfile::test
