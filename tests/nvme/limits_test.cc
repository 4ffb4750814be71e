// What a namespace says of itself: asked for, and what two of them can do for each other.
#include <gtest/gtest.h>

#include "facts/read_nvme_space.h"
#include "mechanism/nvme_limits.h"
#include "testing/fake_nvme.h"
#include "testing/staged_devices.h"

namespace libcopyfile::test {
namespace {

struct Spaces {
  NvmeSides sides{make_fake_space(1, 2048)->says, make_fake_space(2, 4096)->says, true};

  std::string refusal(bool same) const {
    const auto limits = negotiate_nvme_copy(sides, same);
    return limits ? "" : limits.error().reason;
  }
};

TEST(NvmeCopyLimits, AreThoseOfTheDestination) {
  Spaces spaces;
  spaces.sides.out.space = {4096, 4096, 0, false, 100, 1000, 17};
  spaces.sides.in.space = {4096, 4096, 0, false, 1, 1, 1};
  const auto limits = negotiate_nvme_copy(spaces.sides, true);
  ASSERT_TRUE(limits);
  EXPECT_EQ(limits->block, 4096U);
  EXPECT_EQ(limits->ranges, 17U);
  EXPECT_EQ(limits->range_bytes, 100U * 4096);
  EXPECT_EQ(limits->command_bytes, 1000U * 4096);
  EXPECT_EQ(limits->format, wire::CopyFormat::f0);
}

TEST(NvmeCopyLimits, ARangeIsNoLongerThanACommand) {
  Spaces spaces;
  spaces.sides.out.space.max_range = 1000;
  spaces.sides.out.space.max_total = 10;
  EXPECT_EQ(negotiate_nvme_copy(spaces.sides, true)->range_bytes, 10U * 512);
}

TEST(NvmeCopyLimits, RefuseWhatMustNotBeCopiedByTheDevice) {
  const auto refused = [](bool same, auto change) {
    Spaces spaces;
    spaces.sides.out.controller.formats = 0x000f;
    spaces.sides.out.enabled_formats = 0x000c;
    change(spaces.sides);
    return spaces.refusal(same);
  };
  for (const bool same : {true, false}) {
    EXPECT_EQ(refused(same, [](NvmeSides&) {}), "");
    EXPECT_NE(refused(same, [](NvmeSides& s) { s.in.space.protection = true; }), "");
    EXPECT_NE(refused(same, [](NvmeSides& s) { s.out.space.protection = true; }), "");
    EXPECT_NE(refused(same, [](NvmeSides& s) { s.out.space.metadata_length = 8; }), "");
    EXPECT_NE(refused(same, [](NvmeSides& s) { s.in.space.metadata_length = 64; }), "");
    EXPECT_NE(refused(same, [](NvmeSides& s) { s.in.space.block_length = 4096; }), "");
    EXPECT_NE(refused(same, [](NvmeSides& s) { s.out.controller.copy = false; }), "");
    EXPECT_NE(refused(same, [](NvmeSides& s) { s.out.controller.formats = 0; }), "");
    EXPECT_NE(refused(same, [](NvmeSides& s) { s.out.space.max_range = 0; }), "");
    EXPECT_NE(refused(same, [](NvmeSides& s) { s.out.space.max_total = 0; }), "");
  }
  EXPECT_NE(refused(false, [](NvmeSides& s) { s.same_controller = false; }), "");
  EXPECT_NE(refused(false, [](NvmeSides& s) { s.out.enabled_formats = 0x0003; }), "");
}

TEST(NvmeCopyLimits, TellWhyNamespacesDoNotGoTogether) {
  Spaces spaces;
  EXPECT_EQ(spaces.refusal(false), "the controller copies inside one namespace only");
  spaces.sides.out.controller.formats = 0x0007;
  EXPECT_EQ(spaces.refusal(false), "copies between namespaces are not enabled at the controller");
  spaces.sides.out.enabled_formats = 0x0004;
  EXPECT_EQ(spaces.refusal(false), "");
  spaces.sides.same_controller = false;
  EXPECT_EQ(spaces.refusal(false), "the namespaces are of different controllers");
}

TEST(NvmeCopyLimits, OfFormatsThoseThatAreEnabled) {
  Spaces spaces;
  spaces.sides.out.controller.formats = 0x000c;
  spaces.sides.out.enabled_formats = 0x0008;
  EXPECT_EQ(negotiate_nvme_copy(spaces.sides, false)->format, wire::CopyFormat::f3);
}

struct Asked {
  std::shared_ptr<FakeSpace> space = make_fake_space(7, 2048);
  FakeNvme nvme{space, space};
  StagedDevices devices{nvme};
  NvmeIdentity identity = space->identity();

  Result<NvmeSpace> read() {
    devices.identify = [&](bool) -> Result<NvmeIdentity> { return identity; };
    return read_nvme_space(devices, -1);
  }
};

TEST(ReadNvmeSpace, ReadsAllOfIt) {
  Asked asked;
  asked.space->says.enabled_formats = 0x000c;
  asked.identity = asked.space->identity();
  const auto read = asked.read();
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, asked.space->says);
  EXPECT_EQ(read->size(), 2048U * 512);
}

TEST(ReadNvmeSpace, AControllerWithoutTheFeatureHasNothingEnabled) {
  Asked asked;
  asked.identity.host_behavior.clear();
  EXPECT_EQ(asked.read()->enabled_formats, 0);
}

TEST(ReadNvmeSpace, WhatMakesNoSenseIsAFailure) {
  Asked asked;
  asked.identity.controller.resize(100);
  EXPECT_FALSE(asked.read());
  asked.identity = asked.space->identity();
  asked.identity.space.resize(100);
  EXPECT_FALSE(asked.read());
  for (const uint64_t blocks : {uint64_t{0}, UINT64_MAX}) {
    asked.space->says.space.blocks = blocks;
    asked.identity = asked.space->identity();
    EXPECT_FALSE(asked.read()) << "of no size that could be";
  }
}

}  // namespace
}  // namespace libcopyfile::test
