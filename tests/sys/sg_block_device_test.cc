// The block device of a SCSI generic node, in a sysfs of the test's making: the machine may have no SCSI disks.
#include "sys/sg_block_device.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <filesystem>

#include "sys/sg_transport.h"
#include "testing/loop_device.h"
#include "testing/scratch_fs.h"
#include "testing/text_files.h"

namespace libcopyfile::test {
namespace {

constexpr uint64_t kMiB = uint64_t{1} << 20;

class SgBlockDevice : public ::testing::Test {
 protected:
  // What sysfs says of the block device of the unit.
  void say(const std::string& name, const std::string& number) {
    std::filesystem::create_directories(device_ + "/block/" + name);
    write_text(device_ + "/block/" + name + "/dev", number);
  }
  static uint64_t number_of(const LoopDevice& loop) {
    struct stat st {};
    EXPECT_EQ(fstat(loop.fd.get(), &st), 0);
    return st.st_rdev;
  }
  static std::string name_of(const LoopDevice& loop) { return loop.path.substr(5); }

  const std::string device_ = test_directory(FsKind::tmpfs) + "/device";
};

TEST_F(SgBlockDevice, IsTheOneThatSysfsNames) {
  say("sda", "8:16\n");
  const auto node = block_node_of(device_);
  ASSERT_TRUE(node && *node);
  EXPECT_EQ((*node)->name, "sda");
  EXPECT_EQ((*node)->number, makedev(8, 16));
}

TEST_F(SgBlockDevice, IsNotThereWhereTheKernelHasNone) {
  EXPECT_TRUE(block_node_of(device_) && !*block_node_of(device_)) << "a scanner, say";
  std::filesystem::create_directories(device_ + "/block");
  EXPECT_TRUE(block_node_of(device_) && !*block_node_of(device_)) << "not bound to the driver";
}

TEST_F(SgBlockDevice, WhatMakesNoSenseIsAFailure) {
  for (const char* number : {"", "8", "8:", ":16", "x:y", "\n"}) {
    say("sda", number);
    EXPECT_FALSE(block_node_of(device_)) << number;
  }
}

TEST_F(SgBlockDevice, IsClaimedAndNobodyElseGetsIt) {
  const LoopDevice loop = attach_loop(make_image(kMiB, ""), 512);
  const BlockNode node{name_of(loop), number_of(loop)};
  const Result<Fd> claim = claim_block_node(node, "/dev");
  ASSERT_TRUE(claim);
  const Result<Fd> second = claim_block_node(node, "/dev");
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, EBUSY);
  EXPECT_EQ(second.error().where,
            loop.path + ", which is the same disk, is mounted or part of another device");
}

TEST_F(SgBlockDevice, WhatIsDirtyOfItIsWritten) {
  const Fd image = make_image(kMiB, "");
  const LoopDevice loop = attach_loop(image, 512);
  ASSERT_EQ(pwrite(loop.fd.get(), "changed", 7, 0), 7);
  ASSERT_TRUE(claim_block_node({name_of(loop), number_of(loop)}, "/dev"));
  std::string found(7, '\0');
  ASSERT_EQ(pread(image.get(), found.data(), found.size(), 0), 7);
  EXPECT_EQ(found, "changed");
}

TEST_F(SgBlockDevice, ANodeThatCannotBeOpenedOrIsAnotherIsAFailure) {
  const LoopDevice loop = attach_loop(make_image(kMiB, ""), 512);
  const Result<Fd> none = claim_block_node({"no-such-disk", 1}, "/dev");
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, ENOENT);
  EXPECT_EQ(none.error().where,
            "whether it is in use can't be told: /dev/no-such-disk can't be opened");
  const Result<Fd> another = claim_block_node({name_of(loop), number_of(loop) + 1}, "/dev");
  ASSERT_FALSE(another);
  EXPECT_EQ(another.error().code, ENODEV);
}

TEST(SgNode, IsACharacterDeviceOfThatDriver) {
  FileStat stat;
  stat.format = S_IFCHR;
  stat.special_device = uint64_t{21} << 32 | 3;
  EXPECT_TRUE(is_sg_node(stat));
  stat.format = S_IFBLK;
  EXPECT_FALSE(is_sg_node(stat));
  stat.format = S_IFCHR;
  stat.special_device = uint64_t{1} << 32 | 3;
  EXPECT_FALSE(is_sg_node(stat));
}

TEST(SgTransport, OpensNothingElse) {
  const auto transport = make_sg_transport();
  for (const char* path : {"/dev/null", "/dev/zero"}) {
    const auto link = transport->open(path);
    ASSERT_FALSE(link);
    EXPECT_EQ(link.error().code, ENOTTY);
  }
  EXPECT_EQ(transport->open("/dev/no-such-node").error().code, ENOENT);
}

}  // namespace
}  // namespace libcopyfile::test
