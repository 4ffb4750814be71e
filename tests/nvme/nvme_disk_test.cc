// Whole copies between block devices that are (said to be) NVMe namespaces: the engine plans, the controller copies what it can,
// and the host does the rest. The devices are loop devices; behind what is sent to the controller there is a fake one, so that
// each byte shows who moved it. What all disks share is tested in tests/scsi/disk_test.cc.
#include <gtest/gtest.h>
#include <linux/loop.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "engine/probe.h"
#include "engine/range_job.h"
#include "sys/kernel_attributes.h"
#include "sys/kernel_files.h"
#include "sys/kernel_names.h"
#include "testing/fake_nvme.h"
#include "testing/loop_device.h"
#include "testing/staged_devices.h"

namespace libcopyfile::test {
namespace {

constexpr uint64_t kMiB = uint64_t{1} << 20;
constexpr uint64_t kSize = 8 * kMiB;

// Two partitions: of one namespace, or of two.
class NvmeDiskTest : public ::testing::Test {
 protected:
  void SetUp() override {
    devices_.in = in_.fd.get();
    devices_.in_node = {DiskKind::nvme, "", "nvme0n1", kMiB, false, "nvme0"};
    devices_.out_node = {DiskKind::nvme, "", "nvme0n1", kMiB + kSize, false, "nvme0"};
    devices_.identify = [&](bool source) -> Result<NvmeIdentity> {
      if (identify_error_ != 0) return fail(identify_error_, Op::offload, "not allowed");
      return source || one_ ? space_->identity() : other_->identity();
    };
    ASSERT_EQ(::pwrite(in_.fd.get(), space_->data.data() + kMiB, kSize, 0),
              static_cast<ssize_t>(kSize));
  }

  void use_two_namespaces() {
    one_ = false;
    devices_.out_node.disk = "nvme0n2";
    devices_.out_node.start = kMiB;
    nvme_ = std::make_unique<FakeNvme>(space_, other_);
    devices_.use(*nvme_);
  }

  Done copy(const std::vector<CopyRange>& ranges) {
    RangeJob job;
    job.in = in_.fd.get();
    job.out = out_.fd.get();
    job.ours = true;
    job.ranges = ranges;
    job.data = options_;
    job.keep_plans = true;
    return copy_ranges(files_, catalogue_, nullptr, job, report_);
  }

  uint64_t by(MechanismId id) const { return report_.data.bytes_by[index_of(id)]; }
  uint64_t by_host() const {
    return by(MechanismId::buffered) + by(MechanismId::direct) + by(MechanismId::copy_range);
  }
  std::string verdict(MechanismId id) const {
    return report_.data.plans.at(0).verdicts[index_of(id)].reason;
  }
  // Whether the controller put `range` in place.
  bool by_controller(const CopyRange& range) const {
    const wire::Bytes& to = one_ ? space_->data : other_->data;
    const uint64_t in = devices_.in_node.start + range.in;
    const uint64_t out = devices_.out_node.start + range.out;
    return wire::View(space_->data).part(in, range.length).copy() ==
           wire::View(to).part(out, range.length).copy();
  }
  bool by_host(const CopyRange& range) const {
    wire::Bytes bytes(range.length);
    EXPECT_EQ(::pread(out_.fd.get(), bytes.data(), bytes.size(), static_cast<off_t>(range.out)),
              static_cast<ssize_t>(range.length));
    return bytes == wire::View(space_->data).part(kMiB + range.in, range.length).copy();
  }

  const std::vector<CopyRange> whole_{{0, 0, kSize}};
  LoopDevice in_ = attach_loop(make_image(kSize, ""), 512);
  LoopDevice out_ = attach_loop(make_image(kSize, ""), 512);
  bool one_ = true;
  int identify_error_ = 0;
  std::shared_ptr<FakeSpace> space_ = make_fake_space(1, 4 * kSize / 512);
  std::shared_ptr<FakeSpace> other_ = make_fake_space(2, 4 * kSize / 512);
  std::unique_ptr<FakeNvme> nvme_ = std::make_unique<FakeNvme>(space_, space_);
  StagedDevices devices_{*nvme_};
  KernelFiles kernel_;
  FdNames names_;
  Script script_{names_};
  StagedFiles files_{kernel_, script_, devices_};
  const Catalogue catalogue_;
  DataOptions options_;
  RangeReport report_;
};

TEST_F(NvmeDiskTest, TheControllerCopiesInsideANamespace) {
  ASSERT_TRUE(copy(whole_));
  EXPECT_EQ(by(MechanismId::nvme_copy), kSize);
  EXPECT_EQ(by_host(), 0U);
  EXPECT_TRUE(by_controller(whole_[0]));
  EXPECT_LT(nvme_->host_bytes() * 100, kSize);
  EXPECT_EQ(verdict(MechanismId::scsi_extended_copy), "") << "nothing is said of other disks";
}

TEST_F(NvmeDiskTest, EndsThatAreNoWholeBlocksPassThroughTheHost) {
  const CopyRange range{4096 + 100, 8192 + 100, 4 * kMiB};
  ASSERT_TRUE(copy({range}));
  EXPECT_EQ(by(MechanismId::nvme_copy), 4 * kMiB - 512);
  EXPECT_EQ(by_host(), 512U);
  EXPECT_TRUE(by_host(range.part(0, 412)));
  EXPECT_TRUE(by_controller(range.part(412, 4 * kMiB - 512)));
  EXPECT_TRUE(by_host(range.part(4 * kMiB - 100, 100)));
}

TEST_F(NvmeDiskTest, BetweenNamespacesTheHostCopiesAndTheReportSaysWhy) {
  use_two_namespaces();
  ASSERT_TRUE(copy(whole_));
  EXPECT_EQ(by_host(), kSize);
  EXPECT_TRUE(by_host(whole_[0]));
  EXPECT_EQ(verdict(MechanismId::nvme_copy), "the controller copies inside one namespace only");
  EXPECT_TRUE(nvme_->copies().empty());
}

TEST_F(NvmeDiskTest, BetweenNamespacesTheControllerCopiesWhereItSaysSo) {
  use_two_namespaces();
  other_->says.controller.formats = 0x000f;
  other_->says.enabled_formats = 0x000c;
  ASSERT_TRUE(copy(whole_));
  EXPECT_EQ(by(MechanismId::nvme_copy), kSize);
  EXPECT_TRUE(by_controller(whole_[0]));
}

TEST_F(NvmeDiskTest, BetweenControllersTheHostCopies) {
  use_two_namespaces();
  devices_.out_node.controller = "nvme1";
  other_->says.controller.formats = 0x000f;
  other_->says.enabled_formats = 0x000c;
  ASSERT_TRUE(copy(whole_));
  EXPECT_EQ(by_host(), kSize);
  EXPECT_TRUE(nvme_->copies().empty());
}

TEST_F(NvmeDiskTest, OffloadOrFailMovesNoByteThroughTheHost) {
  use_two_namespaces();
  options_.offload = Offload::always;
  const Done ok = copy(whole_);
  ASSERT_FALSE(ok);
  EXPECT_EQ(ok.error().code, EOPNOTSUPP);
  EXPECT_EQ(ok.error().where, "the controller copies inside one namespace only");
  EXPECT_EQ(report_.data.copied, 0U);
}

TEST_F(NvmeDiskTest, WhatTheControllerDoesNotDoTheHostDoesFromThere) {
  FakeNvmeFault fault;
  fault.status = 0x0185;
  fault.after = 40;
  fault.times = UINT32_MAX;
  nvme_->set_depth(1);
  nvme_->add(fault);
  ASSERT_TRUE(copy(whole_));
  const uint64_t done = 40 * 128 * 512;
  EXPECT_EQ(by(MechanismId::nvme_copy), done);
  EXPECT_EQ(by_host(), kSize - done);
  EXPECT_TRUE(by_controller({0, 0, done}));
  EXPECT_TRUE(by_host({done, done, kSize - done}));
  ASSERT_EQ(report_.data.declined.size(), 1U);
  EXPECT_EQ(report_.data.declined[0].verdict.reason, "the device does not copy between the two");
}

TEST_F(NvmeDiskTest, AWrongPlaceIsFoundOutAndTheHostCopies) {
  nvme_->misdirect();
  ASSERT_TRUE(copy(whole_));
  EXPECT_EQ(by_host(), kSize);
  EXPECT_TRUE(by_host(whole_[0]));
}

TEST_F(NvmeDiskTest, ADestinationThatIsInUseIsNotTouchedBelowTheKernel) {
  devices_.claim_error = EBUSY;
  ASSERT_TRUE(copy(whole_));
  EXPECT_EQ(by_host(), kSize);
  EXPECT_TRUE(nvme_->copies().empty());
}

TEST_F(NvmeDiskTest, TheCacheOfTheDestinationIsDroppedBeforeAndAfter) {
  std::vector<size_t> dropped_at;
  devices_.on_drop = [&] { dropped_at.push_back(nvme_->copies().size()); };
  ASSERT_TRUE(copy(whole_));
  EXPECT_EQ(dropped_at, (std::vector<size_t>{0, nvme_->copies().size()}));
}

// The kernel makes it a disk of no bytes, and reading it is the end of a file.
TEST_F(NvmeDiskTest, ADiskThatIsGoneIsAFailureAndNotAnEnd) {
  const Fd image = make_image(kSize, "");
  in_ = attach_loop(image, 512);
  devices_.in = in_.fd.get();
  FakeNvmeFault no_path;
  no_path.error = EAGAIN;
  no_path.after = 20;
  no_path.times = UINT32_MAX;
  nvme_->set_depth(1);
  nvme_->add(no_path);
  devices_.on_drop = [&] {
    EXPECT_EQ(::ftruncate(image.get(), 0), 0);
    EXPECT_EQ(::ioctl(in_.fd.get(), LOOP_SET_CAPACITY, 0), 0);
  };
  const Done ok = copy(whole_);
  ASSERT_FALSE(ok);
  EXPECT_EQ(ok.error().code, EIO);
  EXPECT_EQ(ok.error().op, Op::read);
  EXPECT_EQ(report_.data.copied, 20U * 128 * 512) << "what the controller had copied";
  EXPECT_EQ(by_host(), 0U);
}

TEST_F(NvmeDiskTest, PartitionsThatOverlapAreNotCopiedBelowTheKernel) {
  devices_.out_node.start = 2 * kMiB;
  ASSERT_TRUE(copy({{0, 0, 4 * kMiB}}));
  EXPECT_TRUE(nvme_->copies().empty());
}

TEST_F(NvmeDiskTest, WhatMustNotBeCopiedByTheControllerIsNot) {
  const auto by_nvme = [&](auto change) {
    change();
    report_ = {};
    EXPECT_TRUE(copy(whole_));
    return by(MechanismId::nvme_copy);
  };
  NvmeSpace& says = space_->says;
  EXPECT_EQ(by_nvme([&] { says.space.metadata_length = 8; }), 0U);
  EXPECT_EQ(by_nvme([&] { says.space.metadata_length = 0, says.space.protection = true; }), 0U);
  EXPECT_EQ(by_nvme([&] { says.space.protection = false, says.controller.copy = false; }), 0U);
  EXPECT_EQ(by_nvme([&] { says.controller.copy = true, devices_.in_node.zoned = true; }), 0U);
  EXPECT_EQ(by_nvme([&] { devices_.in_node.zoned = false, says.space.blocks = 100; }), 0U)
      << "smaller than the kernel says";
  EXPECT_EQ(by_nvme([&] { says.space.blocks = 4 * kSize / 512; }), kSize) << "all in order";
}

TEST_F(NvmeDiskTest, WhoMayNotAskDoesWithout) {
  identify_error_ = EACCES;
  ASSERT_TRUE(copy(whole_));
  EXPECT_EQ(by_host(), kSize);
  EXPECT_EQ(verdict(MechanismId::nvme_copy), "the disk can't be asked: not allowed");
}

TEST_F(NvmeDiskTest, DisksOfTwoKindsDoNotTalkToEachOther) {
  devices_.in_node.kind = DiskKind::scsi;
  ASSERT_TRUE(copy(whole_));
  EXPECT_EQ(by_host(), kSize);
  EXPECT_EQ(verdict(MechanismId::nvme_copy), "one is a SCSI disk, the other an NVMe disk");
}

TEST_F(NvmeDiskTest, AProbeShowsTheLimits) {
  KernelNames names;
  KernelAttributes attributes;
  ProbeReport report;
  ProbeJob job;
  job.in_path = in_.path;
  job.out_path = out_.path;
  ASSERT_TRUE(probe({files_, names, attributes}, catalogue_, job, report));
  EXPECT_EQ(
      report.verdicts[index_of(MechanismId::nvme_copy)].reason,
      "up to 64 KiB a command, in up to 128 ranges of up to 64 KiB to one place, in blocks of "
      "512 bytes");
  ASSERT_TRUE(report.plan);
  EXPECT_EQ(report.plan->steps.at(0).mechanism, MechanismId::nvme_copy);
  EXPECT_TRUE(nvme_->copies().empty());
}

// The kernel itself.

TEST(NvmeIoctl, WhatTakesNoNvmeCommandsSaysSo) {
  const LoopDevice loop = attach_loop(make_image(kMiB, ""), 512);
  EXPECT_FALSE(KernelDevices().nvme_identity(loop.fd.get()));
  const auto queue = make_nvme_queue(loop.fd.get(), loop.fd.get());
  NvmeRequest request;
  request.opcode = wire::ReadCommand::kOpcode;
  request.namespace_id = 1;
  request.timeout_ms = 1000;
  request.tag = 7;
  const auto completion = queue->transact(request);
  ASSERT_TRUE(completion);
  EXPECT_NE(completion->error, 0);
  EXPECT_EQ(completion->tag, 7U);
}

}  // namespace
}  // namespace libcopyfile::test
