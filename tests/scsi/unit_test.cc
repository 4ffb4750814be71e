// What a unit says of itself: asked for, and what two of them can do for each other.
#include <gtest/gtest.h>

#include "facts/read_scsi_unit.h"
#include "mechanism/scsi_limits.h"
#include "testing/fake_scsi.h"
#include "wire/sense_codes.h"

namespace libcopyfile::test {
namespace {

struct Pair {
  std::shared_ptr<FakeDisk> in = make_fake_disk(1, 2048);
  std::shared_ptr<FakeDisk> out = make_fake_disk(2, 4096);
  FakeScsi scsi{in, out};
  wire::OperatingParameters& to() { return *out->unit.copy_parameters; }
  wire::OperatingParameters& from() { return *in->unit.copy_parameters; }
};

TEST(ReadScsiUnit, ReadsAllOfIt) {
  Pair pair;
  const auto unit = read_scsi_unit(pair.scsi, Unit::destination);
  ASSERT_TRUE(unit);
  EXPECT_EQ(unit->inquiry, pair.out->unit.inquiry);
  EXPECT_EQ(unit->size(), 4096U * 512);
  EXPECT_EQ(unit->designators, pair.out->unit.designators);
  EXPECT_EQ(unit->copy_parameters, pair.out->unit.copy_parameters);
  EXPECT_EQ(unit->third_party_copy, pair.out->unit.third_party_copy);
  EXPECT_EQ(unit->block_limits, pair.out->unit.block_limits);
}

TEST(ReadScsiUnit, WhatAUnitLacksIsEmpty) {
  Pair pair;
  pair.in->unit.third_party_copy.reset();
  pair.in->unit.copy_parameters.reset();
  pair.in->unit.block_limits.reset();
  const auto unit = read_scsi_unit(pair.scsi, Unit::source);
  ASSERT_TRUE(unit);
  EXPECT_FALSE(unit->third_party_copy);
  EXPECT_FALSE(unit->copy_parameters);
  EXPECT_FALSE(unit->block_limits);
}

TEST(ReadScsiUnit, UnitAttentionsThatHavePiledUpAreTaken) {
  Pair pair;
  FakeFault fault;
  fault.opcode = wire::Opcode::inquiry;
  fault.times = 4;
  fault.sense.code = {wire::SenseKey::unit_attention, 0x29, 0x00};
  pair.scsi.add(fault);
  EXPECT_TRUE(read_scsi_unit(pair.scsi, Unit::source));
}

TEST(ReadScsiUnit, ABusyUnitIsWaitedForAWhile) {
  Pair pair;
  FakeFault fault;
  fault.opcode = wire::Opcode::inquiry;
  fault.status = 0x08;
  fault.times = 3;
  pair.scsi.add(fault);
  EXPECT_TRUE(read_scsi_unit(pair.scsi, Unit::source));
  EXPECT_GE(pair.scsi.now_ms(), 300U);
  fault.times = UINT32_MAX;
  pair.scsi.add(fault);
  const auto never = read_scsi_unit(pair.scsi, Unit::source);
  ASSERT_FALSE(never);
  EXPECT_EQ(never.error().code, EBUSY);
}

TEST(ReadScsiUnit, AUnitThatIsGoneIsAFailure) {
  Pair pair;
  pair.scsi.vanish_after(1);
  const auto unit = read_scsi_unit(pair.scsi, Unit::source);
  ASSERT_FALSE(unit);
  EXPECT_EQ(unit.error().code, ENODEV);
}

TEST(ReadScsiUnit, ASizeThatIsNoneIsAFailure) {
  Pair pair;
  pair.in->unit.capacity.last_lba = UINT64_MAX;
  EXPECT_FALSE(read_scsi_unit(pair.scsi, Unit::source));
  pair.in->unit.capacity = {0, 0};
  EXPECT_FALSE(read_scsi_unit(pair.scsi, Unit::source));
}

std::string refusal_of(const Pair& pair) {
  const auto limits = negotiate_extended_copy(pair.in->unit, pair.out->unit);
  return limits ? "" : limits.error().reason;
}

TEST(ExtendedCopyLimits, AreTheLeastOfBoth) {
  Pair pair;
  pair.from().max_segments = 3;
  pair.to().max_segment_length = 1 << 20;
  pair.from().max_segment_length = (1 << 16) + 5;
  pair.from().segment_granularity = 12;
  const auto limits = negotiate_extended_copy(pair.in->unit, pair.out->unit);
  ASSERT_TRUE(limits);
  EXPECT_EQ(limits->segments, 3U);
  EXPECT_EQ(limits->granularity, 4096U);
  EXPECT_EQ(limits->segment_bytes, uint64_t{1} << 16);
  EXPECT_EQ(limits->concurrency, 4U);
  EXPECT_FALSE(limits->list_id_needed);
}

TEST(ExtendedCopyLimits, WhatLioAnnouncesIsOneSegmentOf65535BlocksOrWholeMebibytes) {
  Pair pair;
  for (wire::OperatingParameters* p : {&pair.from(), &pair.to()}) {
    p->max_segments = 1;
    p->max_descriptors_length = 1024;
    p->max_segment_length = 256 << 20;
    p->max_concurrent_copies = 1;
  }
  const auto limits = negotiate_extended_copy(pair.in->unit, pair.out->unit);
  ASSERT_TRUE(limits);
  EXPECT_EQ(limits->segments, 1U);
  EXPECT_EQ(limits->segment_bytes, 31U << 20);
  EXPECT_EQ(limits->concurrency, 1U);
}

TEST(ExtendedCopyLimits, SegmentsEndEvenlyWhereThatCostsLittle) {
  constexpr uint64_t kMebibyte = 1 << 20;
  EXPECT_EQ(even_segment(65535 * 512, 512), 31 * kMebibyte);
  EXPECT_EQ(even_segment(65535 * uint64_t{4096}, 4096), 255 * kMebibyte);
  EXPECT_EQ(even_segment(16 * kMebibyte, 512), 16 * kMebibyte);
  EXPECT_EQ(even_segment(16 * kMebibyte - 512, 512), 16 * kMebibyte - 512) << "6% would be much";
  EXPECT_EQ(even_segment(100 * kMebibyte + 5, 1536), 100 * kMebibyte / 1536 * 1536)
      << "no unit of the device is cut";
}

TEST(ExtendedCopyLimits, ComeFromThePageWhereTheCommandIsNotThere) {
  Pair pair;
  for (const auto& disk : {pair.in, pair.out}) {
    disk->unit.copy_parameters.reset();
    disk->unit.third_party_copy->parameters = wire::CopyParameters{2, 5, 4096, 0};
    disk->unit.third_party_copy->operations = wire::GeneralOperations{9, 2, 1 << 20, 10, 0};
    disk->unit.third_party_copy->descriptor_types = {0x02, 0xe4};
  }
  const auto limits = negotiate_extended_copy(pair.in->unit, pair.out->unit);
  ASSERT_TRUE(limits);
  EXPECT_EQ(limits->segments, 5U);
  EXPECT_EQ(limits->granularity, 1024U);
  EXPECT_EQ(limits->concurrency, 2U);
}

TEST(ExtendedCopyLimits, RefusesWhatMustNotBeCopiedByTheStorage) {
  const auto refused = [](auto change) {
    Pair pair;
    change(pair);
    return refusal_of(pair);
  };
  EXPECT_EQ(refused([](Pair&) {}), "");
  EXPECT_NE(refused([](Pair& p) { p.out->unit.capacity.protection = true; }), "");
  EXPECT_NE(refused([](Pair& p) { p.in->unit.capacity.block_length = 4096; }), "");
  EXPECT_NE(refused([](Pair& p) { p.in->unit.inquiry.device_type = 0x14; }), "") << "zoned";
  EXPECT_NE(refused([](Pair& p) { p.out->unit.inquiry.qualifier = 1; }), "");
  EXPECT_NE(refused([](Pair& p) { p.in->unit.designators.clear(); }), "");
  EXPECT_NE(refused([](Pair& p) { p.to().descriptor_types = {0x00, 0xe4}; }), "");
  EXPECT_NE(refused([](Pair& p) { p.to().descriptor_types = {0x02, 0xe0}; }), "");
  EXPECT_NE(refused([](Pair& p) { p.to().max_cscds = 1; }), "");
  EXPECT_NE(refused([](Pair& p) { p.to().segment_granularity = 63; }), "");
  EXPECT_NE(refused([](Pair& p) { p.to().max_descriptors_length = 91; }), "");
  EXPECT_NE(refused([](Pair& p) { p.to().max_segment_length = 511; }), "");
  EXPECT_NE(refused([](Pair& p) {
              p.out->unit.copy_parameters.reset();
              p.out->unit.third_party_copy.reset();
            }),
            "");
}

TEST(TokenCopyLimits, RefuseWhatHasNoTokens) {
  Pair pair;
  EXPECT_TRUE(negotiate_token_copy(pair.in->unit, pair.out->unit));
  pair.out->unit.third_party_copy->commands[0].service_actions = {0x00, 0x10};
  EXPECT_FALSE(negotiate_token_copy(pair.in->unit, pair.out->unit));
  EXPECT_TRUE(negotiate_token_copy(pair.out->unit, pair.in->unit)) << "the other way round";
  pair.in->unit.third_party_copy->tokens.reset();
  EXPECT_FALSE(negotiate_token_copy(pair.out->unit, pair.in->unit));
}

TEST(TokenCopyLimits, AreThoseOfEachSide) {
  Pair pair;
  pair.in->unit.third_party_copy->tokens = wire::TokenLimits{8, 600, 60, 1000, 500};
  pair.out->unit.third_party_copy->tokens = wire::TokenLimits{1000, 600, 60, 2000, 100};
  pair.out->unit.third_party_copy->rod_features =
      wire::RodFeatures{0, 0, 0, 0, wire::RodFeatures::Block{8, 0, 0, 0, 0}};
  const auto limits = negotiate_token_copy(pair.in->unit, pair.out->unit);
  ASSERT_TRUE(limits);
  EXPECT_EQ(limits->granularity, 4096U);
  EXPECT_EQ(limits->source_ranges, 8U);
  EXPECT_EQ(limits->destination_ranges, 64U);
  EXPECT_EQ(limits->token_bytes, 1000U * 512);
  EXPECT_EQ(limits->write_bytes, 96U * 512);
}

TEST(CopyDesignator, IsTheOneThatIsMostCertain) {
  using wire::DesignatorType;
  ScsiUnit unit;
  EXPECT_FALSE(copy_designator(unit));
  const wire::Designator vendor{1, 0, DesignatorType::vendor_specific, {1, 2, 3}};
  const wire::Designator port{1, 1, DesignatorType::naa, wire::Bytes(16, 0x60)};
  const wire::Designator name{3, 0, DesignatorType::scsi_name, wire::Bytes(16, 'x')};
  const wire::Designator longer{2, 0, DesignatorType::t10_vendor, wire::Bytes(21, 'x')};
  unit.designators = {vendor, port, name, longer};
  EXPECT_FALSE(copy_designator(unit)) << "of a port, by the vendor's rules, or too long";
  const wire::Designator t10{2, 0, DesignatorType::t10_vendor, wire::Bytes(12, 'x')};
  const wire::Designator eui{1, 0, DesignatorType::eui64, wire::Bytes(8, 1)};
  const wire::Designator naa5{1, 0, DesignatorType::naa, wire::Bytes(8, 0x50)};
  const wire::Designator naa6{1, 0, DesignatorType::naa, wire::Bytes(16, 0x60)};
  for (const wire::Designator& better : {t10, eui, naa5, naa6}) {
    unit.designators.insert(unit.designators.begin() + 2, better);
    EXPECT_EQ(copy_designator(unit), better);
  }
}

}  // namespace
}  // namespace libcopyfile::test
