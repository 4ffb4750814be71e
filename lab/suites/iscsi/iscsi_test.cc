// Copies between units by URL: libiscsi on this side, the kernel's own iSCSI target (LIO) on the other, loopback in between. Who
// moved the bytes is shown by the counters of the network.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <fstream>

#include "lab/support/workplace.h"
#include "testing/text_files.h"
#include "units.h"

namespace libcopyfile::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr Range kAll{0, 16 * kMiB};  // that the tests write to, and look at
constexpr const char* kByStorage = "scsi_extended_copy";

::testing::AssertionResult stayed_in_the_storage(uint64_t passed, uint64_t bytes) {
  if (passed < bytes / 100) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << passed << " bytes came over the network, of " << bytes;
}

class LioByUrl : public ::testing::Test {
 protected:
  LioByUrl() {
    write_stamped(0, kAll, 1, a_);
    write_stamped(1, kAll, 2, b_);
  }

  void expect_both() const {
    expect_unit(0, a_, kAll);
    expect_unit(1, b_, kAll);
  }

  const std::string first_ = url("disks", 0);
  const std::string second_ = url("disks", 1);
  Workplace place_{"/run", "/run"};
  Oracle a_, b_;
};

TEST_F(LioByUrl, CopiesFromOneUnitToAnother) {
  b_.copy(a_, {0, 0, kAll.end});
  const Traffic traffic;
  const Told told = place_.by_storage({first_, second_, "0:0:16M"});
  const uint64_t passed = traffic.bytes();
  ASSERT_TRUE(told.ok()) << told.everything();
  EXPECT_EQ(told.by(kByStorage), kAll.end);
  EXPECT_TRUE(stayed_in_the_storage(passed, kAll.end));
  expect_both();
}

// The control: through the host every byte comes over the network twice, and the counter sees it.
TEST_F(LioByUrl, CountersSeeBytesThatPassThroughTheHost) {
  b_.copy(a_, {0, 0, kAll.end});
  const Traffic traffic;
  const Told told = place_.overwrite({"--reflink=never", first_, second_, "0:0:16M"});
  const uint64_t passed = traffic.bytes();
  ASSERT_TRUE(told.ok()) << told.everything();
  EXPECT_EQ(told.by("buffered"), kAll.end);
  EXPECT_GE(passed, 2 * kAll.end);
  EXPECT_FALSE(stayed_in_the_storage(passed, kAll.end));
  expect_both();
}

TEST_F(LioByUrl, CopiesInsideOneUnit) {
  const CopyRange half{0, 8 * kMiB, 8 * kMiB};
  a_.copy(a_, half);
  const Traffic traffic;
  const Told told = place_.by_storage({first_, first_, "0:8M:8M"});
  const uint64_t passed = traffic.bytes();
  ASSERT_TRUE(told.ok()) << told.everything();
  EXPECT_EQ(told.by(kByStorage), half.length);
  EXPECT_TRUE(stayed_in_the_storage(passed, half.length));
  expect_both();
}

// Turned round, of many sizes; one command each, as the target takes no more.
TEST_F(LioByUrl, CopiesManyRanges) {
  constexpr uint64_t kCount = 125;
  constexpr uint64_t kEach = 128 * 1024;
  constexpr uint64_t kBlock = 512;
  uint64_t bytes = 0;
  {
    std::ofstream list(place_.path("ranges"));
    for (uint64_t i = 0; i < kCount; ++i) {
      const CopyRange one{i * kEach, (kCount - 1 - i) * kEach, kBlock * (256 - i % 64)};
      b_.copy(a_, one);
      bytes += one.length;
      list << one.in << ':' << one.out << ':' << one.length << '\n';
    }
  }
  const Traffic traffic;
  const Told told = place_.by_storage({"--ranges", place_.path("ranges"), first_, second_});
  const uint64_t passed = traffic.bytes();
  ASSERT_TRUE(told.ok()) << told.everything();
  EXPECT_EQ(told.by(kByStorage), bytes);
  EXPECT_TRUE(stayed_in_the_storage(passed, bytes));
  expect_both();
}

TEST_F(LioByUrl, EndsThatAreNoBlocksPassThroughTheHost) {
  const CopyRange ranges[] = {{100, 100, 5 * kMiB}, {6 * kMiB - 1, 10 * kMiB - 1, 5 * kMiB + 2}};
  std::vector<std::string> arguments{first_, second_};
  uint64_t bytes = 0;
  for (const CopyRange& one : ranges) {
    b_.copy(a_, one);
    bytes += one.length;
    arguments.push_back(std::to_string(one.in) + ":" + std::to_string(one.out) + ":" +
                        std::to_string(one.length));
  }
  const Traffic traffic;
  const Told told = place_.overwrite(arguments);
  const uint64_t passed = traffic.bytes();
  ASSERT_TRUE(told.ok()) << told.everything();
  // Of each a head and a tail that are less than a block.
  constexpr uint64_t kEnds = (412 + 100) + (1 + 1);
  EXPECT_EQ(told.by("buffered"), kEnds);
  EXPECT_EQ(told.by(kByStorage), bytes - kEnds);
  EXPECT_TRUE(stayed_in_the_storage(passed, bytes));
  expect_both();
}

TEST_F(LioByUrl, TheProbeShowsTheLimitsOfTheTarget) {
  const Finished done = place_.run({"copyfile", "probe", "--json", first_, second_});
  ASSERT_TRUE(done.ok()) << done.err;
  const nlohmann::json report = nlohmann::json::parse(done.out);
  const std::string reason = report["mechanisms"][kByStorage]["reason"];
  EXPECT_THAT(reason, HasSubstr(", 1 a command, 1 commands at once, in units of 512 bytes"));
  expect_both();
}

TEST_F(LioByUrl, WhatTheTargetDoesNotReachTheHostCopies) {
  const std::string other = url("others", 0);
  const Told refused = place_.by_storage({first_, other, "0:0:8M"});
  EXPECT_EQ(refused.run.exit_code, 1);
  EXPECT_THAT(refused.run.err, HasSubstr("without their bytes passing through memory (the copy "
                                         "manager does not reach the other device)"));
  expect_unit(2, Oracle(), {0, 8 * kMiB});
  const Told told = place_.overwrite({first_, other, "0:0:8M"});
  ASSERT_TRUE(told.ok()) << told.everything();
  EXPECT_EQ(told.by(kByStorage), 0U);
  EXPECT_EQ(told.why_not(kByStorage), "the copy manager does not reach the other device");
  expect_unit(2, a_, {0, 8 * kMiB});
}

TEST_F(LioByUrl, ATargetMayAskForAPassword) {
  const Told unknown = place_.overwrite({first_, url("closed", 0), "0:0:1M"});
  EXPECT_EQ(unknown.run.exit_code, 1);
  EXPECT_THAT(unknown.run.err, HasSubstr(": the target asks for a user and a password"));
  const Told wrong = place_.overwrite({first_, url("closed", 0, "me%aSecretOfOthers@"), "0:0:1M"});
  EXPECT_EQ(wrong.run.exit_code, 1);
  EXPECT_THAT(wrong.run.err, HasSubstr(": the target does not accept user and password"));
  const Told told = place_.overwrite({first_, url("closed", 0, "me%aSecretOf14chr@"), "0:0:1M"});
  EXPECT_TRUE(told.ok()) << told.everything();
  for (const Told* one : {&unknown, &wrong, &told}) {
    EXPECT_THAT(one->everything(), Not(HasSubstr("aSecret")));
  }
  expect_unit(3, a_, {0, kMiB});
}

TEST_F(LioByUrl, BetweenAUnitAndAFileTheHostCopies) {
  const Told out = place_.range({first_, place_.path("image"), "0:0:8M"});
  ASSERT_TRUE(out.ok()) << out.everything();
  EXPECT_EQ(out.by("buffered"), 8 * kMiB);
  place_.expect("image", [&] {
    Oracle image;
    image.copy(a_, {0, 0, 8 * kMiB});
    return image;
  }());
  const Finished in = place_.run({"copyfile", "--overwrite-device", "image", second_});
  ASSERT_TRUE(in.ok()) << in.err;
  b_.copy(a_, {0, 0, 8 * kMiB});
  expect_both();
  EXPECT_FALSE(place_.by_storage({place_.path("image"), second_, "0:0:8M"}).ok());
}

TEST_F(LioByUrl, BetweenADiskOfTheKernelAndAUnitTheHostCopiesAndTheReportSaysWhy) {
  const char* const why = "one of the disks is the kernel's, the other one is reached past it";
  const Told refused = place_.by_storage({"/dev/sda", second_, "0:0:8M"});
  EXPECT_EQ(refused.run.exit_code, 1);
  EXPECT_THAT(refused.run.err, HasSubstr(why));
  expect_both();
  const Told told = place_.overwrite({"/dev/sda", second_, "0:0:8M"});
  ASSERT_TRUE(told.ok()) << told.everything();
  EXPECT_EQ(told.by(kByStorage), 0U);
  EXPECT_EQ(told.why_not(kByStorage), why);
  const Told back = place_.overwrite({"--durability=durable", second_, "/dev/sda", "8M:8M:8M"});
  ASSERT_TRUE(back.ok()) << back.everything();
  a_.copy(b_, {8 * kMiB, 8 * kMiB, 8 * kMiB});
  b_.copy(a_, {0, 0, 8 * kMiB});
  expect_both();
}

// Slow enough for somebody to come in between two commands.
TEST_F(LioByUrl, ATargetThatStopsCopyingLeavesTheRestToTheHost) {
  std::thread stopping = in_between([] { allow_copies(false); });
  const Told told = place_.overwrite({"--limit-rate=4M", first_, second_, "0:0:16M"});
  stopping.join();
  allow_copies(true);
  ASSERT_TRUE(told.ok()) << told.everything();
  EXPECT_GT(told.by(kByStorage), 0U) << told.report.dump();
  EXPECT_LT(told.by(kByStorage), kAll.end) << "it was stopped in between";
  EXPECT_NE(told.why_not(kByStorage), "");
  b_.copy(a_, {0, 0, kAll.end});
  expect_both();
}

TEST_F(LioByUrl, SessionsThatAreCutComeBackAndTheStorageGoesOn) {
  const unsigned long before = logins();
  std::thread cutting = in_between(cut_sessions);
  const Told told = place_.by_storage({"--limit-rate=4M", first_, second_, "0:0:16M"});
  cutting.join();
  ASSERT_TRUE(told.ok()) << told.everything();
  EXPECT_GT(logins(), before + 2) << "more than the two at the beginning";
  EXPECT_EQ(told.by(kByStorage), kAll.end);
  b_.copy(a_, {0, 0, kAll.end});
  expect_both();
}

TEST_F(LioByUrl, SessionsThatAreCutComeBackAndTheHostGoesOn) {
  const unsigned long before = logins();
  std::thread cutting = in_between(cut_sessions);
  const Told told =
      place_.overwrite({"--limit-rate=4M", "--reflink=never", first_, second_, "0:0:16M"});
  cutting.join();
  ASSERT_TRUE(told.ok()) << told.everything();
  EXPECT_GT(logins(), before + 2) << "more than the two at the beginning";
  EXPECT_EQ(told.by("buffered"), kAll.end);
  b_.copy(a_, {0, 0, kAll.end});
  expect_both();
}

// Against sg_xcopy, which knows the disks of this kernel only, and against this host, of which a part is enough.
TEST_F(LioByUrl, AUnitIsCopiedFasterThanByReadingAndWriting) {
  constexpr uint64_t kMuch = 256 * kMiB;
  constexpr uint64_t kPart = 64 * kMiB;
  for (uint64_t at = kPart; at < kMuch; at += kPart) {
    write_stamped(0, {at, at + 4 * kMiB}, 1, a_);
  }
  const auto copied = [&](const std::string& how, const std::string& to, uint64_t at, uint64_t n) {
    const std::string all = "0:" + std::to_string(at) + ":" + std::to_string(n);
    return seconds_of([&] {
      const Told told = place_.overwrite({how, first_, to, all});
      EXPECT_TRUE(told.ok()) << told.everything();
    });
  };
  for (const bool inside : {false, true}) {
    const std::string to = inside ? first_ : second_;
    const uint64_t at = inside ? kMuch : 0;
    const std::string by_sg_xcopy =
        "sg_xcopy bs=512 bpt=65535 count=524288 seek=" + std::to_string(at / 512) +
        " if=" + generic_node("sda") + " of=" + generic_node(inside ? "sda" : "sdb");
    // The first one finds no memory behind the unit yet.
    const Traffic traffic;
    (void)copied("--offload=always", to, at, kMuch);
    EXPECT_TRUE(stayed_in_the_storage(traffic.bytes(), kMuch));
    shell("cmp -n " + std::to_string(kMuch) + " " + file_of(0) + " " + file_of(inside ? 0 : 1) +
          " 0 " + std::to_string(at));
    const double sg_xcopy = seconds_of([&] { shell(by_sg_xcopy); });
    // What holds the same already proves nothing, and would be compared for longer than anything else is.
    Oracle none;
    write_stamped(inside ? 0 : 1, {at, at + kMiB}, 3, none);
    const double ours = copied("--offload=always", to, at, kMuch);
    const double through_host = copied("--reflink=never", to, at, kPart);
    std::printf("measured: 256 MiB %s: %.1f s, sg_xcopy %.1f s; 64 MiB through the host %.1f s\n",
                inside ? "inside a unit" : "from unit to unit", ours, sg_xcopy, through_host);
    EXPECT_LT(ours / kMuch, through_host / kPart);
  }
}

// Last, because nothing brings the unit back.
TEST_F(LioByUrl, AUnitThatVanishesIsAFailureAtThePointDone) {
  std::thread vanishing = in_between(remove_second_unit);
  const Told told = place_.overwrite({"--limit-rate=4M", first_, second_, "0:0:16M"});
  vanishing.join();
  EXPECT_EQ(told.run.exit_code, 1);
  EXPECT_THAT(told.run.err, HasSubstr("the storage failed to copy"));
  EXPECT_THAT(told.run.err, HasSubstr(" of 16777216 bytes are copied)"));
  expect_unit(0, a_, kAll);
}

}  // namespace
}  // namespace libcopyfile::test
