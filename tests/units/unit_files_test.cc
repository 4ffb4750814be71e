// Units without a device of the kernel, as everything above src/sys/ sees them: open block devices.
#include "units/unit_files.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "engine/copy_job.h"
#include "engine/probe.h"
#include "engine/range_job.h"
#include "sys/devices.h"
#include "sys/kernel_attributes.h"
#include "sys/kernel_files.h"
#include "sys/kernel_names.h"
#include "testing/fake_transport.h"
#include "testing/loop_device.h"
#include "testing/scratch_fs.h"
#include "testing/text_files.h"

namespace libcopyfile::test {
namespace {

constexpr uint64_t kMiB = uint64_t{1} << 20;
constexpr uint64_t kSize = 16 * kMiB;

class UnitFilesTest : public ::testing::Test {
 protected:
  UnitFilesTest() {
    transport_.add("one", source_);
    transport_.add("two", destination_);
  }

  int open(const std::string& address, bool write) {
    Result<Fd> fd = files_.open(transport_, address, write);
    EXPECT_TRUE(fd) << (fd ? "" : fd.error().where);
    return fd ? opened_.emplace_back(std::move(*fd)).get() : -1;
  }

  Done copy(int in, int out, std::vector<CopyRange> ranges) {
    RangeJob job;
    job.in = in;
    job.out = out;
    job.ours = job.out_claimed = true;
    job.ranges = ranges;
    job.data = options_;
    job.keep_plans = true;
    job.control.progress = progress_;
    report_ = {};
    return copy_ranges(files_, catalogue_, nullptr, job, report_);
  }

  uint64_t by(MechanismId id) const { return report_.data.bytes_by[index_of(id)]; }
  std::string verdict(MechanismId id) const {
    return report_.data.plans.at(0).verdicts[index_of(id)].reason;
  }
  bool is_copied(const CopyRange& range) const {
    return std::equal(source_->data.begin() + static_cast<ptrdiff_t>(range.in),
                      source_->data.begin() + static_cast<ptrdiff_t>(range.in + range.length),
                      destination_->data.begin() + static_cast<ptrdiff_t>(range.out));
  }

  std::shared_ptr<FakeDisk> source_ = make_fake_disk(1, kSize / 512);
  std::shared_ptr<FakeDisk> destination_ = make_fake_disk(2, kSize / 512);
  FakeTransport transport_;
  KernelFiles kernel_;
  UnitFiles files_{kernel_};
  std::vector<Fd> opened_;
  const Catalogue catalogue_;
  DataOptions options_;
  std::function<bool(const Progress&)> progress_;
  RangeReport report_;
};

TEST_F(UnitFilesTest, AUnitIsABlockDevice) {
  const int fd = open("one", false);
  const Result<FileStat> stat = files_.stat(fd);
  ASSERT_TRUE(stat);
  EXPECT_EQ(stat->type, FileType::block_device);
  EXPECT_EQ(files_.device_size(fd), kSize);
  EXPECT_FALSE(files_.access(fd)->write);
  EXPECT_TRUE(files_.access(open("two", true))->write);
  ASSERT_NE(files_.unit_of(fd), nullptr);
  EXPECT_EQ(files_.unit_of(fd)->inquiry.product, "FAKE");
}

TEST_F(UnitFilesTest, TwoWaysToOneUnitAreOneDevice) {
  transport_.add("one again", source_);
  const uint64_t one = files_.stat(open("one", false))->special_device;
  EXPECT_EQ(files_.stat(open("one", true))->special_device, one);
  EXPECT_EQ(files_.stat(open("one again", true))->special_device, one);
  EXPECT_NE(files_.stat(open("two", true))->special_device, one);
}

TEST_F(UnitFilesTest, NamesThatAreUniqueInOnePlaceOnlyMakeNoTwoUnitsOne) {
  const wire::Bytes local{0x30, 0, 0, 1, 0, 0, 0, 1};
  const wire::Bytes of_no_company{0x60, 0, 0, 0, 0, 0, 0, 0, 0x0e, 0, 0, 0, 0, 1, 0, 1};
  for (const wire::Bytes& name : {local, of_no_company}) {
    for (const auto& disk : {source_, destination_}) disk->unit.designators[0].value = name;
    EXPECT_NE(files_.stat(open("one", false))->special_device,
              files_.stat(open("two", true))->special_device);
  }
}

TEST_F(UnitFilesTest, ADescriptorThatIsUsedAgainIsWhatItIsNow) {
  Result<Fd> unit = files_.open(transport_, "one", true);
  ASSERT_TRUE(unit);
  const int number = unit->get();
  *unit = Fd();
  const Fd file = make_image(4096, "");
  ASSERT_EQ(::dup2(file.get(), number), number);
  const Fd again(number);
  EXPECT_EQ(files_.stat(number)->type, FileType::regular);
  const std::byte mark{42};
  EXPECT_EQ(files_.write(number, {&mark, 1}, 0, Cache::keep), 1U);
  EXPECT_NE(source_->data[0], 42);
}

TEST_F(UnitFilesTest, NothingReachesAPlaceholderPastTheOneWhoKnowsIt) {
  const int fd = open("one", true);
  std::byte byte{};
  EXPECT_EQ(kernel_.read(fd, {&byte, 1}, 0, Cache::keep), 0U);
  EXPECT_FALSE(kernel_.write(fd, {&byte, 1}, 0, Cache::keep));
}

TEST_F(UnitFilesTest, WhatIsOpenForReadingIsNotWritten) {
  const wire::Bytes before = source_->data;
  const std::byte byte{};
  const Result<size_t> n = files_.write(open("one", false), {&byte, 1}, 0, Cache::keep);
  ASSERT_FALSE(n);
  EXPECT_EQ(n.error().code, EBADF);
  EXPECT_TRUE(source_->data == before);
}

TEST_F(UnitFilesTest, WhatIsNotThereSaysSo) {
  const Result<Fd> fd = files_.open(transport_, "three", false);
  ASSERT_FALSE(fd);
  EXPECT_EQ(fd.error().where, "there is no such unit");
}

TEST_F(UnitFilesTest, WhatIsNoDiskIsNotOpened) {
  source_->unit.inquiry.device_type = 5;
  const Result<Fd> fd = files_.open(transport_, "one", false);
  ASSERT_FALSE(fd);
  EXPECT_EQ(fd.error().where, "the logical unit is no disk");
}

TEST_F(UnitFilesTest, TheStorageCopiesBetweenUnits) {
  ASSERT_TRUE(copy(open("one", false), open("two", true), {{0, 0, kSize}}));
  EXPECT_EQ(by(MechanismId::scsi_extended_copy), kSize);
  EXPECT_TRUE(is_copied({0, 0, kSize}));
  EXPECT_LT(transport_.scsi("one", "two").host_bytes() * 100, kSize);
  EXPECT_EQ(transport_.scsi("one", "one").host_bytes() + transport_.scsi("two", "two").host_bytes(),
            0U);
}

TEST_F(UnitFilesTest, WhatTheStorageTellsOfALongCommandIsShown) {
  for (const auto& disk : {source_, destination_}) {
    disk->unit.third_party_copy->commands = {{0x83, {0x00, 0x01}}, {0x84, {0x03, 0x05}}};
  }
  transport_.scsi("one", "two").set_copy_ms(5000);
  std::vector<uint64_t> shown;
  progress_ = [&](const Progress& now) {
    shown.push_back(now.copied);
    return true;
  };
  ASSERT_TRUE(copy(open("one", false), open("two", true), {{0, 0, kSize}}));
  EXPECT_TRUE(std::is_sorted(shown.begin(), shown.end()));
  EXPECT_EQ(shown.back(), kSize);
  // Of the one command behind the proof.
  const auto inside = std::count_if(
      shown.begin(), shown.end(), [](uint64_t bytes) { return bytes > 2 * kMiB && bytes < kSize; });
  EXPECT_GE(inside, 5);
}

TEST_F(UnitFilesTest, TheStorageCopiesInsideAUnit) {
  const wire::Bytes before = source_->data;
  ASSERT_TRUE(copy(open("one", false), open("one", true), {{0, 8 * kMiB, 4 * kMiB}}));
  EXPECT_EQ(by(MechanismId::scsi_extended_copy), 4 * kMiB);
  EXPECT_TRUE(
      std::equal(before.begin(), before.begin() + 4 * kMiB, source_->data.begin() + 8 * kMiB));
}

TEST_F(UnitFilesTest, RangesOfOneUnitMayNotOverlapWhateverWayTheyCome) {
  transport_.add("one again", source_);
  const Done ok = copy(open("one", false), open("one again", true), {{0, kMiB, 2 * kMiB}});
  ASSERT_FALSE(ok);
  EXPECT_EQ(ok.error().code, EINVAL);
}

TEST_F(UnitFilesTest, TwoPathsToOneUnitAreForTheHost) {
  transport_.add("one again", source_);
  ASSERT_TRUE(copy(open("one", false), open("one again", true), {{0, 8 * kMiB, 4 * kMiB}}));
  EXPECT_EQ(by(MechanismId::buffered), 4 * kMiB);
  EXPECT_NE(verdict(MechanismId::scsi_extended_copy).find("one name"), std::string::npos);
}

TEST_F(UnitFilesTest, OddEndsPassThroughTheHost) {
  const wire::Bytes before = destination_->data;
  const CopyRange range{100, 4096 + 100, 4 * kMiB};
  ASSERT_TRUE(copy(open("one", false), open("two", true), {range}));
  EXPECT_EQ(by(MechanismId::scsi_extended_copy), 4 * kMiB - 512);
  EXPECT_EQ(by(MechanismId::buffered), 512U);
  EXPECT_TRUE(is_copied(range));
  EXPECT_TRUE(std::equal(before.begin(), before.begin() + 4096 + 100, destination_->data.begin()));
  EXPECT_TRUE(std::equal(before.begin() + 4 * kMiB + 4096 + 100, before.end(),
                         destination_->data.begin() + 4 * kMiB + 4096 + 100));
}

TEST_F(UnitFilesTest, WhereTheStorageCannotTheHostDoesAndTheReasonIsTold) {
  for (const auto& disk : {source_, destination_}) {
    disk->unit.copy_parameters.reset();
    disk->unit.third_party_copy.reset();
  }
  ASSERT_TRUE(copy(open("one", false), open("two", true), {{0, 0, kSize}}));
  EXPECT_EQ(by(MechanismId::buffered), kSize);
  EXPECT_TRUE(is_copied({0, 0, kSize}));
  EXPECT_EQ(verdict(MechanismId::scsi_extended_copy), "the device does not say that it can copy");
  EXPECT_EQ(transport_.scsi("one", "one").host_bytes(), kSize);
  EXPECT_EQ(transport_.scsi("two", "two").host_bytes(), kSize);
}

TEST_F(UnitFilesTest, OffloadOrFailMovesNoByteThroughTheHost) {
  destination_->unit.copy_parameters.reset();
  destination_->unit.third_party_copy.reset();
  options_.offload = Offload::always;
  const wire::Bytes before = destination_->data;
  const Done ok = copy(open("one", false), open("two", true), {{0, 0, kSize}});
  ASSERT_FALSE(ok);
  EXPECT_EQ(ok.error().code, EOPNOTSUPP);
  EXPECT_TRUE(destination_->data == before);
  EXPECT_EQ(transport_.scsi("one", "one").host_bytes(), 0U);
}

TEST_F(UnitFilesTest, AWrongUnitIsFoundOutAndTheHostCopies) {
  transport_.scsi("one", "two").misdirect();
  ASSERT_TRUE(copy(open("one", false), open("two", true), {{0, 0, kSize}}));
  EXPECT_EQ(by(MechanismId::buffered), kSize);
  EXPECT_TRUE(is_copied({0, 0, kSize}));
  EXPECT_EQ(report_.data.declined.size(), 2U);
}

TEST_F(UnitFilesTest, AFileIsWrittenToAUnit) {
  const Fd file = make_image(kSize, "");
  ASSERT_EQ(::pwrite(file.get(), source_->data.data(), kSize, 0), static_cast<ssize_t>(kSize));
  ASSERT_TRUE(copy(file.get(), open("two", true), {{0, 0, kSize}}));
  EXPECT_EQ(by(MechanismId::buffered), kSize);
  EXPECT_TRUE(is_copied({0, 0, kSize}));
}

TEST_F(UnitFilesTest, HolesOfAFileAreZerosOfAUnit) {
  const Fd file = make_image(kSize, "");
  ASSERT_TRUE(copy(file.get(), open("two", true), {{0, 0, kSize}}));
  EXPECT_TRUE(std::all_of(destination_->data.begin(), destination_->data.end(),
                          [](uint8_t byte) { return byte == 0; }));
}

TEST_F(UnitFilesTest, AUnitBecomesAFile) {
  const std::string path = test_directory(FsKind::ext4) + "/image";
  KernelNames names;
  KernelAttributes attributes;
  FileJob job;
  job.in_path = "one";
  job.in_file = open("one", false);
  job.out_dir = kCurrentDirectory;
  job.out_path = path;
  FileReport report;
  ASSERT_TRUE(copy_file({files_, names, attributes}, catalogue_, nullptr, job, report));
  EXPECT_EQ(report.size, kSize);
  EXPECT_TRUE(read_text(path) == std::string(source_->data.begin(), source_->data.end()));
}

TEST_F(UnitFilesTest, ADiskOfTheKernelAndAUnitAreForTheHost) {
  const LoopDevice loop = attach_loop(make_image(kSize, ""), 512);
  ASSERT_EQ(::pwrite(loop.fd.get(), source_->data.data(), kSize, 0), static_cast<ssize_t>(kSize));
  ASSERT_TRUE(copy(loop.fd.get(), open("two", true), {{0, 0, kSize}}));
  EXPECT_EQ(by(MechanismId::buffered), kSize);
  EXPECT_TRUE(is_copied({0, 0, kSize}));
  EXPECT_EQ(verdict(MechanismId::scsi_extended_copy), "the source is a loop device");
  const auto queue = files_.devices()->scsi_queue(loop.fd.get(), opened_.back().get());
  ASSERT_FALSE(queue);
  EXPECT_EQ(queue.error().code, EXDEV);
}

TEST_F(UnitFilesTest, FilesOfTheKernelAreWhatTheyWere) {
  const int unit = open("one", false);
  const Fd a = make_image(kMiB, "");
  const Fd b = make_image(kMiB, "");
  ASSERT_EQ(::pwrite(a.get(), source_->data.data(), kMiB, 0), static_cast<ssize_t>(kMiB));
  ASSERT_TRUE(copy(a.get(), b.get(), {{0, 0, kMiB}}));
  EXPECT_EQ(files_.unit_of(a.get()), nullptr);
  EXPECT_NE(files_.unit_of(unit), nullptr);
  EXPECT_EQ(report_.data.copied, kMiB);
}

TEST_F(UnitFilesTest, TheProbeShowsWhatUnitsAnnounce) {
  KernelNames names;
  KernelAttributes attributes;
  ProbeJob job;
  job.in_file = open("one", false);
  job.out_file = open("two", false);
  ProbeReport report;
  ASSERT_TRUE(probe({files_, names, attributes}, catalogue_, job, report));
  const Verdict& verdict = report.verdicts[index_of(MechanismId::scsi_extended_copy)];
  EXPECT_EQ(verdict.can, Can::unknown);
  EXPECT_NE(verdict.reason.find("64 a command, 4 commands at once"), std::string::npos);
  ASSERT_TRUE(report.plan);
  EXPECT_EQ(report.plan->steps.at(0).mechanism, MechanismId::scsi_extended_copy);
  EXPECT_EQ(transport_.scsi("one", "two").count("83/00"), 0U) << "nothing is copied";
}

TEST_F(UnitFilesTest, SyncingReachesTheUnitThatWasWrittenTo) {
  EXPECT_TRUE(files_.sync(open("one", false), Sync::data));
  EXPECT_TRUE(files_.sync(open("two", true), Sync::data));
  EXPECT_EQ(transport_.scsi("one", "one").count("91"), 0U);
  EXPECT_EQ(transport_.scsi("two", "two").count("91"), 1U);
}

}  // namespace
}  // namespace libcopyfile::test
