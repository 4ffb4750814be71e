// Targets that lie, break off, fall silent and put something else in a unit's place.
#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <random>
#include <thread>

#include "engine/range_job.h"
#include "sys/iscsi_transport.h"
#include "sys/kernel_files.h"
#include "testing/scripted_target.h"
#include "testing/text_files.h"
#include "units/unit_files.h"

namespace libcopyfile::test {
namespace {

constexpr size_t kKiB = 1024;
constexpr uint64_t kSize = 1024 * kKiB;
constexpr uint8_t kRead = 0x88;
constexpr uint8_t kWrite = 0x8a;
constexpr uint8_t kInquiry = 0x12;
constexpr uint8_t kCopy = 0x83;
constexpr uint8_t kCheckCondition = 0x02;
constexpr uint8_t kBusy = 0x08;
// "The reported LUNs have changed."
const wire::Bytes kAttention{0x70, 0, 0x06, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0x3f, 0x0e, 0, 0, 0, 0};

class HostileTarget : public ::testing::Test {
 protected:
  HostileTarget() {
    settings_.initiator = "iqn.2026-01.invalid.test:initiator";
    settings_.login_ms = 5'000;
    settings_.reconnect_ms = 2'000;
    settings_.abort_ms = 200;
  }

  // Opens the unit; the answers to commands of this opcode are then twisted.
  void begin(uint8_t opcode, std::function<void(TargetAnswer&)> twist) {
    open();
    target_.set_twist([opcode, twist = std::move(twist)](wire::View cdb, TargetAnswer& answer) {
      if (cdb.u8(0) == opcode) twist(answer);
    });
  }
  Result<Fd> try_to_open() {
    files_.reset();
    transport_ = make_iscsi_transport(settings_);
    files_ = std::make_unique<UnitFiles>(kernel_);
    return files_->open(*transport_, target_.url(), true);
  }
  void open() {
    Result<Fd> fd = try_to_open();
    ASSERT_TRUE(fd) << fd.error().where;
    fd_ = std::move(*fd);
  }
  Result<size_t> read(size_t size) {
    buffer_.assign(size, std::byte{0xee});
    return files_->read(fd_.get(), buffer_, 0, Cache::keep);
  }
  Result<size_t> write(size_t size) {
    buffer_.assign(size, std::byte{0x42});
    return files_->write(fd_.get(), buffer_, 0, Cache::keep);
  }
  bool is_as_in_the_unit(size_t size) const {
    return std::memcmp(buffer_.data(), disk_->data.data(), size) == 0;
  }

  std::shared_ptr<FakeDisk> disk_ = make_fake_disk(1, kSize / 512);
  ScriptedTarget target_{disk_};
  IscsiSettings settings_;
  KernelFiles kernel_;
  std::unique_ptr<UnitTransport> transport_;
  std::unique_ptr<UnitFiles> files_;
  Fd fd_;
  std::vector<std::byte> buffer_;
};

TEST_F(HostileTarget, AnHonestOneIsReadAndWritten) {
  open();
  ASSERT_EQ(read(100 * kKiB), 100 * kKiB);
  EXPECT_TRUE(is_as_in_the_unit(100 * kKiB));
  ASSERT_EQ(write(200 * kKiB), 200 * kKiB);
  EXPECT_TRUE(is_as_in_the_unit(200 * kKiB));
  EXPECT_TRUE(files_->sync(fd_.get(), Sync::data));
}

TEST_F(HostileTarget, DataThatDoesNotComeIsNoData) {
  begin(kRead, [](TargetAnswer& answer) { answer.data.clear(); });
  const Result<size_t> n = read(8 * kKiB);
  ASSERT_FALSE(n) << "what was in the buffer before is not what the unit holds";
  EXPECT_EQ(n.error().code, EIO);
  EXPECT_EQ(n.error().where, "the device read too little");
}

TEST_F(HostileTarget, DataThatStopsInBetweenIsNotTakenForMore) {
  begin(kRead, [](TargetAnswer& answer) { answer.data.resize(answer.data.size() - 512); });
  EXPECT_FALSE(read(8 * kKiB));
}

TEST_F(HostileTarget, AShortReadThatIsAdmittedIsTriedAgain) {
  unsigned times = 0;
  begin(kRead, [&](TargetAnswer& answer) {
    if (times++ > 0) return;
    answer.data.resize(1024);
    answer.underflow = 7 * kKiB;
  });
  ASSERT_EQ(read(8 * kKiB), 8 * kKiB);
  EXPECT_TRUE(is_as_in_the_unit(8 * kKiB));
}

TEST_F(HostileTarget, MoreDataThanAskedForIsNotWrittenAnywhere) {
  begin(kRead, [](TargetAnswer& answer) { answer.data.resize(64 * kKiB, 0x66); });
  EXPECT_FALSE(read(4 * kKiB));
}

TEST_F(HostileTarget, DataForAnotherPlaceIsNotWrittenThere) {
  for (const uint32_t offset : {512U, 4096U, 1U << 20, UINT32_MAX}) {
    begin(kRead, [&](TargetAnswer& answer) { answer.offset = offset; });
    EXPECT_FALSE(read(4 * kKiB)) << offset;
    target_.set_twist(nullptr);
  }
}

TEST_F(HostileTarget, AResidualOfMoreThanWasAskedForIsNoLength) {
  begin(kRead, [](TargetAnswer& answer) { answer.underflow = UINT32_MAX; });
  EXPECT_FALSE(read(4 * kKiB));
}

TEST_F(HostileTarget, AWriteThatDidNotTakeAllIsNoWrite) {
  begin(kWrite, [](TargetAnswer& answer) { answer.underflow = 512; });
  const Result<size_t> n = write(4 * kKiB);
  ASSERT_FALSE(n);
  EXPECT_EQ(n.error().code, EIO);
}

TEST_F(HostileTarget, ABusyOneThatTookNothingIsAskedAgain) {
  unsigned times = 0;
  begin(kWrite, [&](TargetAnswer& answer) {
    if (times++ > 0) return;
    answer.status = kBusy;
    answer.underflow = 4 * kKiB;
  });
  EXPECT_EQ(write(4 * kKiB), 4 * kKiB);
  EXPECT_EQ(times, 2U);
}

TEST_F(HostileTarget, SenseDataMayBeAnything) {
  std::mt19937 random(11);
  wire::Bytes sense;
  begin(kRead, [&](TargetAnswer& answer) {
    answer.status = kCheckCondition;
    answer.data.clear();
    answer.sense = sense;
  });
  for (int i = 0; i < 300; ++i) {
    sense.resize(random() % 300);
    for (uint8_t& byte : sense) byte = static_cast<uint8_t>(random());
    if (!sense.empty() && i % 2 == 0) sense[0] = static_cast<uint8_t>(0x70 + random() % 4);
    // Not what makes us wait, and log in again.
    if (sense.size() > 2) sense[1] &= 0xf5, sense[2] &= 0xf5;
    EXPECT_FALSE(read(512)) << i;
  }
}

TEST_F(HostileTarget, StatusesThatAreNoneAreFailures) {
  unsigned status = 0;
  begin(kRead, [&](TargetAnswer& answer) {
    answer.status = static_cast<uint8_t>(status);
    answer.data.clear();
  });
  for (status = 3; status < 256; status += 50) EXPECT_FALSE(read(512)) << status;
}

TEST_F(HostileTarget, ACommandThatAlwaysBreaksTheConnectionIsAFailure) {
  begin(kRead, [](TargetAnswer& answer) { answer.manner = TargetAnswer::Manner::hang_up; });
  const Result<size_t> n = read(4 * kKiB);
  ASSERT_FALSE(n);
  EXPECT_EQ(n.error().code, ECONNRESET);
  EXPECT_LE(target_.logins(), 10U);
}

TEST_F(HostileTarget, AUnitThatIsAnotherOneBehindABrokenConnectionIsNotWrittenTo) {
  const auto other = make_fake_disk(9, kSize / 512);
  bool broken = false;
  open();
  target_.set_twist([&](wire::View cdb, TargetAnswer& answer) {
    if (cdb.u8(0) == kWrite && !std::exchange(broken, true)) {
      answer.manner = TargetAnswer::Manner::hang_up;
      disk_->unit.designators = other->unit.designators;
      disk_->data = other->data;
    }
  });
  const Result<size_t> n = write(4 * kKiB);
  ASSERT_FALSE(n);
  EXPECT_EQ(n.error().code, ESTALE);
  EXPECT_EQ(n.error().where, "another logical unit is there now");
  EXPECT_TRUE(disk_->data == other->data);
  EXPECT_FALSE(write(4 * kKiB)) << "nor later";
}

TEST_F(HostileTarget, AUnitThatReportsAChangeIsLookedAtAgain) {
  for (const bool same : {true, false}) {
    disk_->unit.designators = make_fake_disk(1, 1)->unit.designators;
    unsigned writes = 0;
    unsigned questions = 0;
    open();
    target_.set_twist([&](wire::View cdb, TargetAnswer& answer) {
      if (cdb.u8(0) == kInquiry) ++questions;
      if (cdb.u8(0) != kWrite || writes++ > 0) return;
      answer.status = kCheckCondition;
      answer.sense = kAttention;
      if (!same) disk_->unit.designators = make_fake_disk(9, 1)->unit.designators;
    });
    const Result<size_t> n = write(512);
    EXPECT_EQ(n.has_value(), same);
    EXPECT_EQ(questions, 1U);
    EXPECT_EQ(writes, same ? 2U : 1U);
    EXPECT_EQ(n ? 0 : n.error().code, same ? 0 : ESTALE);
    target_.set_twist(nullptr);
  }
}

TEST_F(HostileTarget, AConnectionThatBreaksAtThatQuestionIsMadeAgain) {
  unsigned writes = 0;
  unsigned questions = 0;
  open();
  target_.set_twist([&](wire::View cdb, TargetAnswer& answer) {
    if (cdb.u8(0) == kInquiry && questions++ == 0) answer.manner = TargetAnswer::Manner::hang_up;
    if (cdb.u8(0) != kWrite || writes++ > 0) return;
    answer.status = kCheckCondition;
    answer.sense = kAttention;
  });
  EXPECT_EQ(write(512), 512U);
  EXPECT_EQ(questions, 2U);
  EXPECT_EQ(target_.logins(), 2U);
}

TEST_F(HostileTarget, BlocksOfAnAbsurdSizeAreRefused) {
  disk_->unit.capacity.block_length = 0x80000000;
  const Result<Fd> fd = try_to_open();
  ASSERT_FALSE(fd);
  EXPECT_EQ(fd.error().where, "the device has blocks of a size that makes no sense");
}

TEST_F(HostileTarget, ASizeBeyondAllOffsetsIsRefused) {
  disk_->unit.capacity.last_lba = UINT64_MAX;
  const Result<Fd> fd = try_to_open();
  ASSERT_FALSE(fd);
  EXPECT_EQ(fd.error().where, "the device does not say how large it is");
}

TEST_F(HostileTarget, AUnitThatIsSmallerThanItSaysIsAnError) {
  disk_->unit.capacity.last_lba = 1 << 20;
  open();
  buffer_.resize(4 * kKiB);
  const Result<size_t> n = files_->read(fd_.get(), buffer_, kSize, Cache::keep);
  ASSERT_FALSE(n);
  EXPECT_EQ(n.error().code, ERANGE);
}

TEST_F(HostileTarget, ALoginThatComesToNothingEndsWithAReason) {
  settings_.login_ms = 300;
  const auto why = [&](ScriptedTarget::Login login) {
    target_.set_login(login);
    const Result<Fd> fd = try_to_open();
    return fd ? std::string("it works") : fd.error().where;
  };
  EXPECT_EQ(why(ScriptedTarget::Login::silence), "the target does not answer");
  EXPECT_EQ(why(ScriptedTarget::Login::hang_up), "the target ended the connection");
  EXPECT_EQ(why(ScriptedTarget::Login::refuse), "the target does not let this initiator in");
  const std::string garbage = why(ScriptedTarget::Login::garbage);
  EXPECT_NE(garbage, "it works");
  EXPECT_EQ(garbage.find('\n'), garbage.npos) << "on one line";
}

TEST_F(HostileTarget, LoginsThatFailLeaveNoDescriptor) {
  const auto open_files = [] { return names_in("/proc/self/fd").size(); };
  target_.set_login(ScriptedTarget::Login::refuse);
  (void)try_to_open();
  const size_t before = open_files();
  for (int i = 0; i < 40; ++i) EXPECT_FALSE(try_to_open());
  // The target, which is in this process, notices a little later.
  for (int i = 0; i < 600 && open_files() > before + 1; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  EXPECT_LE(open_files(), before + 1);
}

TEST_F(HostileTarget, WhoIsInterruptedDoesNotWaitForALogin) {
  target_.set_login(ScriptedTarget::Login::silence);
  settings_.login_ms = 3'600'000;
  settings_.interrupted = [] { return true; };
  const Result<Fd> fd = try_to_open();
  ASSERT_FALSE(fd);
  EXPECT_EQ(fd.error().code, EINTR);
}

TEST_F(HostileTarget, WhoIsInterruptedDoesNotWaitForAConnectionToComeBack) {
  settings_.reconnect_ms = 3'600'000;
  std::atomic<bool> interrupted = false;
  settings_.interrupted = [&] { return interrupted.load(); };
  begin(kRead, [&](TargetAnswer& answer) {
    target_.set_login(ScriptedTarget::Login::hang_up);
    answer.manner = TargetAnswer::Manner::hang_up;
    interrupted = true;
  });
  const Result<size_t> n = read(512);
  ASSERT_FALSE(n);
  EXPECT_EQ(n.error().code, EINTR);
}

TEST_F(HostileTarget, WhoGivesUpDoesNotWaitForATargetThatIsSilent) {
  target_.set_aborts(false);
  transport_ = make_iscsi_transport(settings_);
  Result<std::unique_ptr<UnitLink>> link = transport_->open(target_.url());
  ASSERT_TRUE(link);
  target_.set_twist(
      [](wire::View, TargetAnswer& answer) { answer.manner = TargetAnswer::Manner::silence; });
  const auto queue = transport_->queue(**link, **link);
  ASSERT_TRUE(queue);
  wire::Bytes in(512);
  const wire::Cdb cdb = wire::encode(wire::BlocksCdb{wire::Opcode::read_16, 0, 1});
  ScsiRequest request;
  request.cdb = cdb.view().span();
  request.in = in;
  request.timeout_ms = 3'600'000;
  request.tag = 7;
  ASSERT_TRUE((*queue)->submit(request));
  EXPECT_TRUE((*queue)->abort(7));
  ScsiCompletion completion;
  const Result<size_t> count = (*queue)->reap({&completion, 1}, 60'000);
  ASSERT_EQ(count, 1U);
  EXPECT_EQ(completion.error, ETIMEDOUT);
}

TEST_F(HostileTarget, CancellingACopyByTheStorageAbortsItThere) {
  unsigned copies = 0;
  begin(kCopy, [&](TargetAnswer& answer) {
    ++copies;
    answer.manner = TargetAnswer::Manner::silence;
  });
  const CopyRange range{0, kSize / 2, kSize / 2};
  RangeJob job;
  job.in = job.out = fd_.get();
  job.ours = job.out_claimed = true;
  job.ranges = {&range, 1};
  job.data.offload = Offload::always;
  job.control.progress = [&](const Progress&) { return false; };
  RangeReport report;
  const Done ok = copy_ranges(*files_, Catalogue(), nullptr, job, report);
  ASSERT_FALSE(ok);
  EXPECT_EQ(ok.error().code, ECANCELED);
  EXPECT_EQ(copies, 1U);
  EXPECT_EQ(target_.aborts(), 1U);
}

TEST_F(HostileTarget, WhoDemandsProofOfATargetWithoutAUserGetsAnError) {
  settings_.target_user = "it";
  settings_.target_password = "aSecretOf14chr";
  const Result<Fd> fd = try_to_open();
  ASSERT_FALSE(fd);
  EXPECT_EQ(fd.error().where, "a target shows who it is only to whoever has a user and a password");
  EXPECT_EQ(target_.logins(), 0U);
}

TEST_F(HostileTarget, ATargetThatDoesNotShowThatItIsTheOneIsNotUsed) {
  settings_.user = "me";
  settings_.password = "aSecretOf14chr";
  settings_.target_user = "it";
  settings_.target_password = "anotherSecretOf14";
  const Result<Fd> fd = try_to_open();
  ASSERT_FALSE(fd);
  EXPECT_EQ(fd.error().code, EACCES);
  EXPECT_EQ(fd.error().where, "the target does not show that it is the one that was meant");
}

}  // namespace
}  // namespace libcopyfile::test
