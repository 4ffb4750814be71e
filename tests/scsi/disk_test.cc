// Whole copies between block devices that are (said to be) disks of one storage: the engine plans, the storage copies what it
// can, and the host does the rest. The devices are loop devices; behind what is sent to the storage there is a fake one, so that
// each byte shows who moved it.
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <unistd.h>

#include "engine/probe.h"
#include "engine/range_job.h"
#include "sys/kernel_files.h"
#include "testing/fake_scsi.h"
#include "testing/loop_device.h"
#include "testing/staged_devices.h"

namespace libcopyfile::test {
namespace {

constexpr uint64_t kMiB = uint64_t{1} << 20;
constexpr uint64_t kSize = 16 * kMiB;

class DiskTest : public ::testing::Test {
 protected:
  void SetUp() override {
    devices_.in = in_.fd.get();
    devices_.on_drop = [&] { dropped_at_.push_back(scsi_.count("83/00")); };
    ASSERT_EQ(::pwrite(in_.fd.get(), source_->data.data(), kSize, 0), static_cast<ssize_t>(kSize));
  }

  Done copy(std::vector<CopyRange> ranges) {
    RangeJob job;
    job.in = in_.fd.get();
    job.out = out_.fd.get();
    job.ours = true;
    job.ranges = ranges;
    job.data = options_;
    job.keep_plans = true;
    job.control.progress = [this](const Progress& now) {
      last_ = now;
      return true;
    };
    return copy_ranges(files_, catalogue_, nullptr, job, report_);
  }

  uint64_t by(MechanismId id) const { return report_.data.bytes_by[index_of(id)]; }
  uint64_t by_host() const {
    return by(MechanismId::buffered) + by(MechanismId::direct) + by(MechanismId::copy_range);
  }

  // What the host wrote, as the device has it.
  void expect_by_host(const CopyRange& range) {
    wire::Bytes bytes(range.length);
    ASSERT_EQ(::pread(out_.fd.get(), bytes.data(), bytes.size(), static_cast<off_t>(range.out)),
              static_cast<ssize_t>(range.length));
    EXPECT_TRUE(std::equal(bytes.begin(), bytes.end(),
                           source_->data.begin() + static_cast<ptrdiff_t>(range.in)));
  }
  // What the storage moved.
  void expect_by_storage(const CopyRange& range, uint64_t in_start = 0, uint64_t out_start = 0) {
    EXPECT_TRUE(std::equal(
        source_->data.begin() + static_cast<ptrdiff_t>(range.in + in_start),
        source_->data.begin() + static_cast<ptrdiff_t>(range.in + in_start + range.length),
        destination_->data.begin() + static_cast<ptrdiff_t>(range.out + out_start)));
  }
  std::string verdict(MechanismId id) const {
    return report_.data.plans.at(0).verdicts[index_of(id)].reason;
  }

  LoopDevice in_ = attach_loop(make_image(kSize, ""), 512);
  LoopDevice out_ = attach_loop(make_image(kSize, ""), 512);
  std::shared_ptr<FakeDisk> source_ = make_fake_disk(1, 2 * kSize / 512);
  std::shared_ptr<FakeDisk> destination_ = make_fake_disk(2, 2 * kSize / 512);
  FakeScsi scsi_{source_, destination_};
  StagedDevices devices_{scsi_};
  std::vector<unsigned> dropped_at_;  // how many copies had been asked for
  KernelFiles kernel_;
  FdNames names_;
  Script script_{names_};
  StagedFiles files_{kernel_, script_, devices_};
  const Catalogue catalogue_;
  DataOptions options_;
  RangeReport report_;
  Progress last_;
};

TEST_F(DiskTest, TheStorageCopiesWhatIsInWholeUnits) {
  ASSERT_TRUE(copy({{0, 0, kSize}}));
  EXPECT_EQ(by(MechanismId::scsi_extended_copy), kSize);
  EXPECT_EQ(by_host(), 0U);
  expect_by_storage({0, 0, kSize});
  EXPECT_LT(scsi_.host_bytes() * 100, kSize);
}

TEST_F(DiskTest, ProgressEndsAtTheEndOfTheDisk) {
  ASSERT_TRUE(copy({{kMiB, 0, kMaxOffset - kMiB}}));
  EXPECT_EQ(last_.total, kSize - kMiB);
  EXPECT_EQ(last_.copied, kSize - kMiB);
}

TEST_F(DiskTest, EndsThatAreNoWholeUnitsPassThroughTheHost) {
  const CopyRange range{4096 + 100, 8192 + 100, 4 * kMiB};
  ASSERT_TRUE(copy({range}));
  EXPECT_EQ(by(MechanismId::scsi_extended_copy), 4 * kMiB - 512);
  EXPECT_EQ(by_host(), 512U);
  expect_by_host(range.part(0, 412));
  expect_by_storage(range.part(412, 4 * kMiB - 512));
  expect_by_host(range.part(4 * kMiB - 100, 100));
}

TEST_F(DiskTest, APartitionBeginsWhereItBegins) {
  devices_.in_node.start = kMiB;
  devices_.out_node.start = 3 * kMiB;
  const CopyRange range{2 * kMiB, kMiB, 4 * kMiB};
  ASSERT_TRUE(copy({range}));
  EXPECT_EQ(by(MechanismId::scsi_extended_copy), range.length);
  expect_by_storage(range, kMiB, 3 * kMiB);
}

TEST_F(DiskTest, PartitionsThatBeginOddlyAreAlignedByTheDisk) {
  source_->unit.copy_parameters->segment_granularity = 12;
  devices_.in_node.start = 63 * 512;
  devices_.out_node.start = 63 * 512 + 8192;
  const CopyRange range{0, 0, 4 * kMiB};
  ASSERT_TRUE(copy({range}));
  EXPECT_EQ(by(MechanismId::scsi_extended_copy), 4 * kMiB - 4096);
  expect_by_storage(range.part(512, 4 * kMiB - 4096), 63 * 512, 63 * 512 + 8192);
  expect_by_host(range.part(0, 512));
}

TEST_F(DiskTest, WhatTheStorageDoesNotDoTheHostDoesFromThere) {
  FakeFault fault;
  fault.action = 0;
  fault.after = 2;
  fault.times = UINT32_MAX;
  fault.sense.code = {wire::SenseKey::copy_aborted, 0x0d, 0x02};
  scsi_.add(fault);
  source_->unit.third_party_copy.reset();
  destination_->unit.copy_parameters->max_segment_length = 2 * kMiB;
  destination_->unit.copy_parameters->max_segments = 1;
  ASSERT_TRUE(copy({{0, 0, kSize}}));
  EXPECT_EQ(by(MechanismId::scsi_extended_copy), 3 * kMiB);
  EXPECT_EQ(by_host(), kSize - 3 * kMiB);
  expect_by_storage({0, 0, 3 * kMiB});
  expect_by_host({3 * kMiB, 3 * kMiB, kSize - 3 * kMiB});
  ASSERT_EQ(report_.data.declined.size(), 1U);
  EXPECT_EQ(report_.data.declined[0].verdict.reason,
            "the copy manager does not reach the other device");
}

TEST_F(DiskTest, AnotherUnitBehindTheSameDiskIsNotWrittenTo) {
  FakeFault fault;
  fault.action = 0;
  fault.sense.code = {wire::SenseKey::unit_attention, 0x3f, 0x0e};
  scsi_.add(fault);
  const wire::Bytes before = destination_->data;
  devices_.on_drop = [&] {
    destination_->unit.designators = make_fake_disk(7, 1)->unit.designators;
  };
  const Done ok = copy({{0, 0, kSize}});
  ASSERT_FALSE(ok);
  EXPECT_EQ(ok.error().code, ESTALE);
  EXPECT_EQ(destination_->data, before);
  EXPECT_EQ(report_.data.copied, 0U);
}

TEST_F(DiskTest, TokensComeNext) {
  FakeFault fault;
  fault.action = 0;
  fault.times = UINT32_MAX;
  fault.sense.code = {wire::SenseKey::illegal_request, 0x20, 0x00};
  scsi_.add(fault);
  ASSERT_TRUE(copy({{0, 0, kSize}}));
  EXPECT_EQ(by(MechanismId::scsi_token), kSize);
  EXPECT_EQ(by_host(), 0U);
}

TEST_F(DiskTest, ADestinationThatIsInUseIsNotTouchedBelowTheKernel) {
  devices_.claim_error = EBUSY;
  ASSERT_TRUE(copy({{0, 0, kSize}}));
  EXPECT_EQ(by_host(), kSize);
  EXPECT_EQ(scsi_.count("83/00") + scsi_.count("83/10"), 0U);
  ASSERT_FALSE(report_.data.declined.empty());
  EXPECT_EQ(report_.data.declined[0].verdict.reason,
            "the destination is mounted, or part of another device");
}

TEST_F(DiskTest, ASourceThatIsClaimedElsewhereIsNotCopiedBelowTheKernel) {
  const Result<Fd> holder = KernelDevices().claim(in_.fd.get(), false);
  ASSERT_TRUE(holder);
  ASSERT_TRUE(copy({{0, 0, kSize}}));
  EXPECT_EQ(by_host(), kSize);
  EXPECT_EQ(scsi_.count("83/00"), 0U);
}

TEST_F(DiskTest, OffloadOrFailMovesNoByteThroughTheHost) {
  options_.offload = Offload::always;
  devices_.claim_error = EBUSY;
  const Done ok = copy({{0, 0, kSize}});
  ASSERT_FALSE(ok);
  EXPECT_EQ(ok.error().code, EOPNOTSUPP);
  EXPECT_EQ(report_.data.copied, 0U);
}

TEST_F(DiskTest, OffloadOrFailRefusesEndsThatAreNoWholeUnits) {
  options_.offload = Offload::always;
  EXPECT_FALSE(copy({{100, 100, kMiB}}));
  EXPECT_EQ(scsi_.count("83/00"), 0U) << "nothing is begun that can't be ended so";
}

TEST_F(DiskTest, BytesThatAreToBeSeenPassThroughTheHost) {
  options_.bytes_seen = true;
  ASSERT_TRUE(copy({{0, 0, kSize}}));
  EXPECT_EQ(by_host(), kSize);
}

TEST_F(DiskTest, TheCacheOfTheDestinationIsDroppedBeforeAndAfter) {
  ASSERT_TRUE(copy({{0, 0, kSize}}));
  ASSERT_EQ(dropped_at_.size(), 2U);
  EXPECT_EQ(dropped_at_[0], 0U);
  EXPECT_EQ(dropped_at_[1], scsi_.count("83/00"));
}

TEST_F(DiskTest, WhatIsDirtyAtTheSourceIsWrittenFirst) {
  bool synced = false;
  names_.set(in_.fd.get(), "in");
  script_.before("sync", 0, [&] {
    synced = true;
    EXPECT_EQ(scsi_.count("83/00"), 0U);
  });
  ASSERT_TRUE(copy({{0, 0, kSize}}));
  EXPECT_TRUE(synced);
}

TEST_F(DiskTest, OnOneDiskPartitionsMayNotOverlap) {
  devices_.out_node.disk = "sda";
  devices_.out_node.start = kMiB;
  ASSERT_TRUE(copy({{0, 0, 4 * kMiB}}));
  EXPECT_EQ(by(MechanismId::scsi_extended_copy) + by(MechanismId::scsi_token), 0U);
  EXPECT_EQ(scsi_.count("83/00"), 0U);
}

TEST_F(DiskTest, TwoDisksOfOneNameAreNotTrusted) {
  destination_->unit.designators = source_->unit.designators;
  ASSERT_TRUE(copy({{0, 0, kSize}}));
  EXPECT_EQ(by_host(), kSize);
  EXPECT_NE(verdict(MechanismId::scsi_extended_copy).find("one name"), std::string::npos);
}

TEST_F(DiskTest, TwoDisksThatTheStorageCouldNotTellApartAreNotTrusted) {
  // The only name that is certain enough is that of the product.
  const wire::Designator product{2, 0, wire::DesignatorType::t10_vendor, wire::Bytes(8, 'x')};
  source_->unit.designators = destination_->unit.designators = {product};
  ASSERT_TRUE(copy({{0, 0, kSize}}));
  EXPECT_EQ(by_host(), kSize);
  EXPECT_NE(verdict(MechanismId::scsi_extended_copy).find("apart"), std::string::npos);
}

TEST_F(DiskTest, ADiskThatIsSmallerThanTheKernelSaysIsNotTrusted) {
  destination_->unit.capacity.last_lba = 100;
  ASSERT_TRUE(copy({{0, 0, kSize}}));
  EXPECT_EQ(by_host(), kSize);
}

TEST_F(DiskTest, ProtectionInformationIsRefused) {
  source_->unit.capacity.protection = true;
  ASSERT_TRUE(copy({{0, 0, kSize}}));
  EXPECT_EQ(by_host(), kSize);
}

TEST_F(DiskTest, AWrongDiskIsFoundOutAndTheHostCopies) {
  scsi_.misdirect();
  ASSERT_TRUE(copy({{0, 0, kSize}}));
  EXPECT_EQ(by_host(), kSize);
  EXPECT_EQ(report_.data.declined.size(), 2U);
  expect_by_host({0, 0, kSize});
}

TEST_F(DiskTest, ADiskThatVanishesIsAFailure) {
  scsi_.vanish_after(18);
  const Done ok = copy({{0, 0, kSize}});
  ASSERT_FALSE(ok);
  EXPECT_EQ(ok.error().code, ENODEV);
}

TEST_F(DiskTest, ACallersDescriptorIsNotOpenedAgain) {
  RangeJob job;
  job.in = in_.fd.get();
  job.out = out_.fd.get();
  const CopyRange range{0, 0, kSize};
  job.ranges = {&range, 1};
  ASSERT_TRUE(copy_ranges(files_, catalogue_, nullptr, job, report_));
  EXPECT_EQ(by_host(), kSize);
}

// The kernel itself.

TEST(KernelDevices, ALoopDeviceIsNoDiskOfItsOwn) {
  const LoopDevice loop = attach_loop(make_image(kMiB, ""), 512);
  const auto node = KernelDevices().disk(loop.fd.get());
  ASSERT_TRUE(node);
  EXPECT_EQ(node->kind, DiskKind::other);
  EXPECT_EQ(node->why_not, "a loop device");
  EXPECT_EQ("/dev/" + node->disk, loop.path);
}

TEST(KernelDevices, AFileIsNoDisk) {
  const Fd file = make_image(4096, "");
  EXPECT_EQ(KernelDevices().disk(file.get()).error().code, ENOTBLK);
}

TEST(KernelDevices, OnlyOneHasADeviceToItself) {
  const LoopDevice loop = attach_loop(make_image(kMiB, ""), 512);
  KernelDevices devices;
  {
    const auto first = devices.claim(loop.fd.get(), true);
    ASSERT_TRUE(first);
    const auto second = devices.claim(loop.fd.get(), false);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, EBUSY);
    EXPECT_TRUE(devices.drop_cache(first->get()));
  }
  EXPECT_TRUE(devices.claim(loop.fd.get(), true));
}

TEST(SgQueue, WhatTakesNoScsiCommandsSaysSo) {
  const LoopDevice loop = attach_loop(make_image(kMiB, ""), 512);
  const auto queue = make_sg_queue(loop.fd.get(), loop.fd.get());
  const std::array<uint8_t, 6> cdb{};
  for (uint64_t tag = 0; tag < queue->depth(); ++tag) {
    ScsiRequest request;
    request.cdb = cdb;
    request.timeout_ms = 1000;
    request.tag = tag;
    ASSERT_TRUE(queue->submit(request));
  }
  std::vector<bool> seen(queue->depth());
  for (unsigned i = 0; i < queue->depth();) {
    std::array<ScsiCompletion, 3> completions;
    const auto count = queue->reap(completions, 5000);
    ASSERT_TRUE(count);
    ASSERT_GT(*count, 0U);
    for (size_t n = 0; n < *count; ++n, ++i) {
      EXPECT_NE(completions[n].error, 0);
      EXPECT_FALSE(seen.at(completions[n].tag));
      seen[completions[n].tag] = true;
    }
  }
  const uint64_t before = queue->now_ms();
  std::array<ScsiCompletion, 1> none;
  EXPECT_EQ(queue->reap(none, 30), 0U) << "with nothing under way it sleeps";
  EXPECT_GE(queue->now_ms() - before, 25U);
}

TEST(SgQueue, WhatIsUnderWayIsWaitedForAtTheEnd) {
  const LoopDevice loop = attach_loop(make_image(kMiB, ""), 512);
  const std::array<uint8_t, 6> cdb{};
  for (int i = 0; i < 100; ++i) {
    const auto queue = make_sg_queue(loop.fd.get(), loop.fd.get());
    ScsiRequest request;
    request.cdb = cdb;
    ASSERT_TRUE(queue->submit(request));
  }
}

}  // namespace
}  // namespace libcopyfile::test
