// Units that the kernel knows too: by their block devices nobody else uses them, nothing old of them stays in memory, and they are
// the disks that they are.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/range_job.h"
#include "sys/kernel_files.h"
#include "testing/fake_transport.h"
#include "testing/loop_device.h"
#include "testing/staged_devices.h"
#include "units/unit_files.h"

namespace libcopyfile::test {
namespace {

constexpr uint64_t kMiB = uint64_t{1} << 20;
constexpr uint64_t kSize = 16 * kMiB;

// Disks of the kernel, to which commands go by the descriptors that are noted.
class NotedDevices final : public Devices {
 public:
  explicit NotedDevices(ScsiQueue& queue) : queue_(queue) {}

  Result<DiskNode> disk(int fd) override {
    if (fd != scsi_disk) return kernel_.disk(fd);
    return DiskNode{DiskKind::scsi, "", "sdz", 0, false, ""};
  }
  Result<Fd> claim(int fd, bool write) override { return kernel_.claim(fd, write); }
  Done drop_cache(int fd) override { return kernel_.drop_cache(fd); }
  Result<std::unique_ptr<ScsiQueue>> scsi_queue(int source, int destination) override {
    asked = {source, destination};
    return std::make_unique<LentQueue<ScsiRequest, ScsiCompletion>>(queue_);
  }
  Result<std::unique_ptr<NvmeQueue>> nvme_queue(int, int) override {
    return fail(ENOTTY, Op::offload);
  }
  Result<NvmeIdentity> nvme_identity(int) override { return fail(ENOTTY, Op::offload); }

  int scsi_disk = -1;  // said to be one
  std::pair<int, int> asked;

 private:
  KernelDevices kernel_;
  ScsiQueue& queue_;
};

class KernelSide : public ::testing::Test {
 protected:
  KernelSide() {
    transport_.add("one", source_);
    transport_.add("two", destination_);
  }

  int open(const std::string& address, bool write) {
    Result<Fd> fd = files_.open(transport_, address, write);
    EXPECT_TRUE(fd) << (fd ? "" : fd.error().where);
    return fd ? opened_.emplace_back(std::move(*fd)).get() : -1;
  }
  Done copy(int in, int out) {
    RangeJob job;
    job.in = in;
    job.out = out;
    job.ours = job.out_claimed = true;
    const std::vector<CopyRange> whole{{0, 0, kSize}};
    job.ranges = whole;
    job.data = options_;
    job.keep_plans = true;
    report_ = {};
    return copy_ranges(files_, catalogue_, nullptr, job, report_);
  }
  uint64_t by(MechanismId id) const { return report_.data.bytes_by[index_of(id)]; }
  std::string verdict(MechanismId id) const {
    return report_.data.plans.at(0).verdicts[index_of(id)].reason;
  }

  std::shared_ptr<FakeDisk> source_ = make_fake_disk(1, kSize / 512);
  std::shared_ptr<FakeDisk> destination_ = make_fake_disk(2, kSize / 512);
  FakeTransport transport_;
  FakeScsi past_{source_, destination_};  // what commands to descriptors of the kernel go to
  NotedDevices devices_{past_};
  KernelFiles kernel_;
  FdNames names_;
  Script script_{names_};
  StagedFiles staged_{kernel_, script_, devices_};
  UnitFiles files_{staged_};
  std::vector<Fd> opened_;
  const Catalogue catalogue_;
  DataOptions options_;
  RangeReport report_;
};

TEST_F(KernelSide, WhatIsNotToBeWrittenToIsOpenForReadingOnly) {
  transport_.kernel_side("one").may_write = EROFS;
  EXPECT_TRUE(files_.open(transport_, "one", false));
  const Result<Fd> fd = files_.open(transport_, "one", true);
  ASSERT_FALSE(fd);
  EXPECT_EQ(fd.error().code, EROFS);
  EXPECT_EQ(fd.error().where, "nobody is to");
}

TEST_F(KernelSide, CommandsBringAndTakeNoMoreThanThereIsRoomFor) {
  constexpr size_t kMost = 8192;
  transport_.kernel_side("two").most_bytes = kMost;
  const int fd = open("two", true);
  std::vector<std::byte> buffer(kMiB);
  const auto count = [&](const char* command) {
    return transport_.scsi("two", "two").count(command);
  };
  EXPECT_EQ(files_.read(fd, buffer, 0, Cache::keep), kMiB);
  EXPECT_EQ(count("88"), kMiB / kMost);
  EXPECT_EQ(files_.write(fd, buffer, kMiB, Cache::keep), kMiB);
  EXPECT_EQ(count("8a"), kMiB / kMost);
  EXPECT_TRUE(std::equal(destination_->data.begin(), destination_->data.begin() + kMiB,
                         destination_->data.begin() + kMiB));
}

TEST_F(KernelSide, NothingOldStaysInMemoryBehindAWrite) {
  const int fd = open("two", true);
  const std::vector<std::byte> data(4096);
  ASSERT_TRUE(files_.write(fd, data, 0, Cache::keep));
  EXPECT_EQ(transport_.kernel_side("two").drops, 1U);
  std::vector<std::byte> found(4096);
  ASSERT_TRUE(files_.read(fd, found, 0, Cache::keep));
  EXPECT_EQ(transport_.kernel_side("two").drops, 1U) << "reading changes nothing";
}

TEST_F(KernelSide, NorBeforeAndBehindACopyByTheStorage) {
  const int in = open("one", false);
  const int out = open("two", true);
  ASSERT_TRUE(copy(in, out));
  EXPECT_EQ(by(MechanismId::scsi_extended_copy), kSize);
  EXPECT_EQ(transport_.kernel_side("one").drops, 0U);
  EXPECT_EQ(transport_.kernel_side("two").drops, 2U);
}

TEST_F(KernelSide, AUnitIsTheDiskThatItsBlockDeviceIs) {
  const LoopDevice loop = attach_loop(make_image(kSize, ""), 512);
  transport_.kernel_side("one").block_device = loop.fd.get();
  ASSERT_TRUE(copy(open("one", false), open("two", true)));
  EXPECT_EQ(by(MechanismId::buffered), kSize);
  EXPECT_EQ(verdict(MechanismId::scsi_extended_copy), "the source is a loop device");
}

// Both take commands by a descriptor.
TEST_F(KernelSide, AUnitAndADiskOfTheKernelAreCopiedByTheStorage) {
  const LoopDevice disk = attach_loop(make_image(kSize, ""), 512);
  devices_.scsi_disk = disk.fd.get();
  transport_.kernel_side("two").commands = 1234;
  const auto queue = files_.devices()->scsi_queue(disk.fd.get(), open("two", true));
  ASSERT_TRUE(queue);
  EXPECT_EQ(devices_.asked, std::pair(disk.fd.get(), 1234));
  const auto back = files_.devices()->scsi_queue(opened_.back().get(), disk.fd.get());
  ASSERT_TRUE(back);
  EXPECT_EQ(devices_.asked, std::pair(1234, disk.fd.get()));
}

TEST_F(KernelSide, AUnitWithoutSuchADescriptorAndADiskAreNot) {
  const LoopDevice disk = attach_loop(make_image(kSize, ""), 512);
  const auto queue = files_.devices()->scsi_queue(disk.fd.get(), open("two", true));
  ASSERT_FALSE(queue);
  EXPECT_EQ(queue.error().code, EXDEV);
}

}  // namespace
}  // namespace libcopyfile::test
