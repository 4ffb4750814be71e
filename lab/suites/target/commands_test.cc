// What the kernel makes of such a disk, and what sg3-utils, which are nobody's of ours, say to it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "disks.h"
#include "kernel_session.h"
#include "lab/support/workplace.h"
#include "testing/text_files.h"

namespace libcopyfile::test {
namespace {

using ::testing::HasSubstr;

constexpr uint64_t kSize = 64 * kMiB;

class Commands : public Disks {
 protected:
  Commands() {
    add("a", kSize);
    add("b", kSize);
    start();
    session_ = std::make_unique<KernelSession>("first");
    disk_ = session_->disk(0);
  }

  // Of /sys/block/sda.
  std::string said(const std::string& attribute) const {
    const std::string text = read_text("/sys/block/" + disk_.substr(5) + "/" + attribute);
    return text.substr(0, text.find('\n'));
  }
  uint64_t number(const std::string& attribute) const { return std::stoull(said(attribute)); }

  std::unique_ptr<KernelSession> session_;
  std::string disk_;
};

TEST_F(Commands, TheKernelSeesAThinDiskOfTheFileSystemsBlocks) {
  EXPECT_EQ(number("size"), kSize / 512);
  EXPECT_EQ(number("queue/logical_block_size"), 512U);
  EXPECT_EQ(number("queue/physical_block_size"), 4096U);
  EXPECT_EQ(number("queue/rotational"), 0U);
  EXPECT_EQ(said("queue/write_cache"), "write back");
  EXPECT_EQ(number("queue/fua"), 1U);
  EXPECT_EQ(number("queue/discard_granularity"), 4096U);
  EXPECT_GE(number("queue/discard_max_bytes"), kSize);
  EXPECT_GE(number("queue/write_zeroes_max_bytes"), 4 * kMiB);
  EXPECT_EQ(number("ro"), 0U);
  // So that whole blocks of the file system arrive, whatever the kernel splits.
  EXPECT_EQ(number("queue/max_sectors_kb") % 4, 0U);
}

TEST_F(Commands, ItTellsItsPages) {
  EXPECT_THAT(shell("sg_vpd -p bl " + disk_), HasSubstr("Maximum compare and write length:"));
  const std::string thin = shell("sg_vpd -p lbpv " + disk_);
  EXPECT_THAT(thin, HasSubstr("Unmap command supported (LBPU): 1"));
  EXPECT_THAT(thin, HasSubstr("Logical block provisioning read zeros (LBPRZ): 1"));
  const std::string identification = shell("sg_vpd -p di " + disk_);
  EXPECT_THAT(identification, HasSubstr("NAA"));
  EXPECT_THAT(identification, HasSubstr("iqn.2026-01.invalid.lab:disks"));
  EXPECT_THAT(shell("sg_vpd -p tpc " + disk_), HasSubstr("Maximum range descriptors: 64"));
  EXPECT_THAT(shell("sg_vpd -p bdc " + disk_), HasSubstr("Non-rotating medium"));
}

TEST_F(Commands, ItTellsWhichCommandsItHas) {
  const std::string commands = shell("sg_opcodes " + disk_);
  for (const char* name : {"Extended copy(LID1)", "Populate token", "Write using token",
                           "Compare and write", "Unmap", "Get LBA status", "Report target port"}) {
    EXPECT_THAT(commands, HasSubstr(name));
  }
  EXPECT_THAT(shell("sg_rtpg -d " + disk_), HasSubstr("active/optimized"));
}

TEST_F(Commands, WhatIsUnmappedIsAHoleThatReadsAsZeros) {
  Oracle a;
  write_stamped(disk_.substr(5), {0, 4 * kMiB}, 1, a);
  EXPECT_GE(allocated("a"), 4 * kMiB);
  shell("sg_unmap --force --lba=0 --num=2048 " + disk_);  // 1 MiB
  shell("sg_write_same --16 --unmap --in=/dev/zero --xferlen=512 --lba=2048 --num=2048 " + disk_);
  a.zero({0, 2 * kMiB});
  expect_disk(disk_.substr(5), a, {0, 4 * kMiB});
  EXPECT_LE(allocated("a"), 2 * kMiB);
  // One descriptor for what is not there, one for what is.
  const std::string status = shell("sg_get_lba_status --lba=0 --maxlen=64 --brief " + disk_);
  EXPECT_THAT(status, HasSubstr("0x0000000000000000  0x1000  1"));
  EXPECT_THAT(status, HasSubstr("0x0000000000001000  0x1000  0"));
}

TEST_F(Commands, WriteSameWritesTheSame) {
  shell("head -c 512 /dev/urandom >" + place_ +
        "/block && sg_write_same --16 --lba=8 --num=100 --in=" + place_ + "/block " + disk_);
  shell("i=0; while [ $i -lt 100 ]; do cat " + place_ +
        "/block; i=$((i + 1)); done | cmp -n 51200 - " + image("a") + " 0 4096");
}

TEST_F(Commands, CompareAndWriteWritesWhereTheBlockIsAsExpected) {
  const std::string in = place_ + "/in";
  shell("{ head -c 512 /dev/zero; head -c 512 /dev/zero | tr '\\0' x; } >" + in);
  const std::string command = "sg_compare_and_write --in=" + in + " --lba=16 --num=1 " + disk_;
  shell(command);
  EXPECT_EQ(shell("dd if=" + image("a") + " bs=512 skip=16 count=1 2>/dev/null | tr -d x | wc -c"),
            "0\n");
  constexpr int kMiscompare = 14;  // of sg3-utils
  EXPECT_EQ(run({"/bin/sh", "-c", command}).exit_code, kMiscompare);
}

}  // namespace
}  // namespace libcopyfile::test
