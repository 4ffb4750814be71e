#include <gtest/gtest.h>

#include <thread>

#include "testing/target_copies.h"
#include "wire/sense_codes.h"

namespace libcopyfile::test {
namespace {

using namespace target;
using namespace wire;

const Ending kGood;
using To = TargetBench::To;

TargetBench::Options units(bool can_share, uint64_t size = uint64_t{64} << 20) {
  TargetBench::Options options;
  options.units = 2;
  options.size = size;
  options.image.can_share = can_share;
  return options;
}

class TokenCommands : public ::testing::Test {
 protected:
  TokenCommands() : bench(units(true)) { bench.fill(0, 0, 8192, 1); }

  Ending written(const Token& token, std::vector<BlockRange> ranges, uint64_t offset = 0) {
    return bench.write(token, std::move(ranges), {.lun = 1}, offset);
  }
  Ending populated(PopulateToken list) { return ending_of(*bench.populate(list, 1, {})); }

  CopyBench bench;
};

TEST_F(TokenCommands, CopyRangesOfOneShapeToRangesOfAnother) {
  const Token token = bench.token({{100, 8}, {8, 16}}, {});
  EXPECT_EQ(written(token, {{0, 4}, {1000, 20}}), kGood);
  Bytes expected = bench.bytes(0, 100, 8);
  const Bytes more = bench.bytes(0, 8, 16);
  expected.insert(expected.end(), more.begin(), more.end());
  Bytes got = bench.bytes(1, 0, 4);
  const Bytes rest = bench.bytes(1, 1000, 20);
  got.insert(got.end(), rest.begin(), rest.end());
  EXPECT_EQ(got, expected);
}

TEST_F(TokenCommands, BeginAtAnOffset) {
  const Token token = bench.token({{0, 8}, {100, 8}}, {});
  EXPECT_EQ(written(token, {{0, 4}}, 10), kGood);
  EXPECT_EQ(bench.bytes(1, 0, 4), bench.bytes(0, 102, 4));
}

TEST_F(TokenCommands, ShareBlocksOnBothWays) {
  const Token token = bench.token({{8, 64}, {800, 64}}, {});
  EXPECT_EQ(written(token, {{1600, 128}}), kGood);
  EXPECT_TRUE(bench.image(1).shares({1600 * 512, 1664 * 512}, bench.image(0), 8 * 512));
  EXPECT_TRUE(bench.image(1).shares({1664 * 512, 1728 * 512}, bench.image(0), 800 * 512));
}

TEST_F(TokenCommands, StandForTheMomentAtWhichTheyWereMade) {
  const Bytes before = bench.bytes(0, 3, 50);
  const Token token = bench.token({{3, 50}}, {});
  EXPECT_EQ(View(token).be32(0), 0x00800000U);
  const Bytes other = pattern(50 * 512, 9);
  Bytes cdb(16);
  cdb[0] = 0x8a;
  cdb[9] = 3;
  cdb[13] = 50;
  ASSERT_EQ(ending_of(*bench.execute(cdb, other, 0, {})), kGood);
  ASSERT_EQ(bench.bytes(0, 3, 50), other);
  EXPECT_EQ(written(token, {{0, 50}}), kGood);
  EXPECT_EQ(bench.bytes(1, 0, 50), before);
}

TEST_F(TokenCommands, OfBlocksThatCantBeSharedEndWhenTheseAreWritten) {
  CopyBench plain(units(false));
  plain.fill(0, 0, 64, 1);
  const Token token = plain.token({{8, 8}}, {});
  EXPECT_EQ(View(token).be32(0), 0x00010000U);
  EXPECT_EQ(plain.image(0).calls().scratches, 0U);
  EXPECT_EQ(plain.write(token, {{0, 8}}, {.lun = 1}), kGood);
  EXPECT_EQ(plain.bytes(1, 0, 8), plain.bytes(0, 8, 8));
  Bytes cdb(16);
  cdb[0] = 0x8a;
  cdb[13] = 8;
  ASSERT_EQ(ending_of(*plain.execute(cdb, Bytes(8 * 512), 0, {})), kGood);
  EXPECT_EQ(plain.write(token, {{0, 8}}, {.lun = 1}), kGood) << "other blocks";
  cdb[9] = 15;
  ASSERT_EQ(ending_of(*plain.execute(cdb, Bytes(8 * 512), 0, {})), kGood);
  EXPECT_EQ(plain.write(token, {{0, 8}}, {.lun = 1}), refused_with(codes::kTokenRevoked));
}

TEST_F(TokenCommands, AreRevokedByCopiesOntoTheirBlocks) {
  CopyBench plain(units(false));
  plain.fill(0, 0, 64, 1);
  const Token token = plain.token({{8, 8}}, {});
  EXPECT_EQ(plain.write(token, {{12, 8}}, {}), refused_with(codes::kTokenRevoked)) << "onto itself";
  BlockSegment segment;
  segment.blocks = 1;
  segment.destination_lba = 8;
  ASSERT_EQ(ending_of(*plain.copy(plain.list({segment}, 1, 0))), kGood);
  EXPECT_EQ(plain.write(token, {{0, 8}}, {.lun = 1}), refused_with(codes::kTokenRevoked));
}

TEST_F(TokenCommands, FallBackWhereThereAreNoUnnamedFiles) {
  TargetBench::Options options = units(true);
  options.image.has_unnamed_files = false;
  CopyBench plain(options);
  EXPECT_EQ(View(plain.token({{8, 8}}, {})).be32(0), 0x00010000U);
  PopulateToken list{false, 0, RodType::point_in_time, {{0, 8}}};
  EXPECT_FALSE(plain.populate(list, 1, {})->outcome.ok());
}

TEST_F(TokenCommands, MakeTheTypeThatIsAskedFor) {
  for (const RodType type :
       {RodType::access_on_reference, RodType::point_in_time, RodType::point_in_time_vulnerable}) {
    EXPECT_EQ(populated({false, 0, type, {{0, 8}}}), kGood);
    const auto answer = bench.information(1, {});
    ASSERT_TRUE(answer && answer->token);
    EXPECT_EQ(View(*answer->token).be32(0), static_cast<uint32_t>(type));
  }
  for (const RodType type :
       {RodType::point_in_time_persistent, RodType::block_zero, static_cast<RodType>(0x12345678)}) {
    EXPECT_EQ(populated({false, 0, type, {{0, 8}}}), refused_with(codes::kTokenTypeUnsupported));
  }
}

TEST_F(TokenCommands, ZerosNeedNoToken) {
  bench.fill(1, 0, 64, 5);
  EXPECT_EQ(written(zero_token(), {{8, 8}, {32, 16}}, 1000), kGood);
  EXPECT_EQ(bench.bytes(1, 8, 8), Bytes(8 * 512));
  EXPECT_EQ(bench.bytes(1, 32, 16), Bytes(16 * 512));
  EXPECT_NE(bench.bytes(1, 16, 16), Bytes(16 * 512));
  EXPECT_EQ(bench.image(1).allocated(), 64U * 512 - 24U * 512) << "the unit is thin";
}

TEST_F(TokenCommands, WrittenBeyondTheTokenAreCutShortAndSaySo) {
  const Token token = bench.token({{0, 16}}, {});
  WriteUsingToken list;
  list.token = token;
  list.ranges = {{0, 8}, {100, 16}};
  const TaskPtr task = bench.write(list, 5, {.lun = 1});
  EXPECT_EQ(ending_of(*task), refused_with(codes::kUnderrun));
  EXPECT_EQ(task->outcome.sense.information, 16U);
  EXPECT_EQ(bench.bytes(1, 100, 8), bench.bytes(0, 8, 8));
  EXPECT_EQ(bench.bytes(1, 108, 8), Bytes(8 * 512));
  const auto answer = bench.information(5, {.lun = 1});
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status.state, OperationStatus::State::complete_with_residual);
  EXPECT_EQ(answer->status.count, 16U);
}

TEST_F(TokenCommands, FromBehindTheTokenAreRefused) {
  const Token token = bench.token({{0, 16}}, {});
  const Ending beyond = refused_with({SenseKey::illegal_request, 0x0d, 0x04});
  EXPECT_EQ(written(token, {{0, 1}}, 16), beyond);
  EXPECT_EQ(written(token, {{0, 1}}, UINT64_MAX), beyond);
  EXPECT_EQ(written(token, {{0, 1}}, UINT64_MAX / 512 + 2), beyond);
}

TEST_F(TokenCommands, OfBlocksThatDontExistAreRefused) {
  const uint64_t last = bench.unit().blocks();
  EXPECT_EQ(populated({false, 0, {}, {{last - 7, 8}}}), refused_with(codes::kLbaOutOfRange));
  EXPECT_EQ(populated({false, 0, {}, {{UINT64_MAX - 8, 8}}}), refused_with(codes::kLbaOutOfRange));
  EXPECT_EQ(written(zero_token(), {{last, 1}}), refused_with(codes::kLbaOutOfRange));
}

TEST_F(TokenCommands, HaveLimits) {
  EXPECT_EQ(populated({false, 600, {}, {{0, 8}}}), kGood);
  EXPECT_EQ(populated({false, 601, {}, {{0, 8}}}), refused_with(codes::kInvalidFieldInList));
  std::vector<BlockRange> ranges;
  for (uint64_t i = 0; i < 65; ++i) ranges.push_back({i * 8, 1});
  EXPECT_EQ(populated({false, 0, {}, ranges}), refused_with(codes::kTooManySegments));
  ranges.pop_back();
  EXPECT_EQ(populated({false, 0, {}, ranges}), kGood);
}

TEST_F(TokenCommands, OfMoreThanATokenStandsForAreRefused) {
  TargetBench::Options options = units(true);
  options.device.copy.max_token_bytes = 16 * 512;
  CopyBench small(options);
  PopulateToken list{false, 0, {}, {{0, 8}, {64, 9}}};
  EXPECT_EQ(ending_of(*small.populate(list, 1, {})), refused_with(codes::kInvalidFieldInList));
  list.ranges[1].blocks = 8;
  EXPECT_EQ(ending_of(*small.populate(list, 1, {})), kGood);
}

TEST_F(TokenCommands, AreBounded) {
  TargetBench::Options options = units(true);
  options.device.copy.max_tokens_per_initiator = 2;
  CopyBench few(options);
  const PopulateToken list{false, 0, {}, {{0, 8}}};
  EXPECT_EQ(ending_of(*few.populate(list, 1, {})), kGood);
  EXPECT_EQ(ending_of(*few.populate(list, 2, {})), kGood);
  EXPECT_EQ(ending_of(*few.populate(list, 3, {})), refused_with(codes::kTokenResources));
  EXPECT_EQ(ending_of(*few.populate(list, 3, {.nexus = few.open()})), kGood);
}

TEST_F(TokenCommands, GoAwayWithTheirLastWrite) {
  const Token token = bench.token({{0, 16}}, {});
  WriteUsingToken list;
  list.token = token;
  list.delete_token = true;
  list.ranges = {{0, 16}};
  EXPECT_EQ(ending_of(*bench.write(list, 5, {.lun = 1})), kGood);
  EXPECT_EQ(ending_of(*bench.write(list, 6, {.lun = 1})), refused_with(codes::kTokenDeleted));
  EXPECT_EQ(bench.device().copies().totals().tokens_now, 0U);
}

TEST_F(TokenCommands, TimeOutWithoutBeingAskedFor) {
  EXPECT_EQ(populated({false, 1, {}, {{0, 8}}}), kGood);
  const auto token = bench.information(1, {})->token;
  ASSERT_TRUE(token);
  while (bench.device().copies().totals().tokens_now > 0) std::this_thread::yield();
  EXPECT_EQ(written(*token, {{0, 8}}), refused_with(codes::kTokenExpired));
}

TEST_F(TokenCommands, ThatWereForgedAreRefused) {
  Token token = bench.token({{0, 8}}, {});
  token[400] ^= 1;
  EXPECT_EQ(written(token, {{0, 8}}), refused_with(codes::kTokenCorrupt));
  EXPECT_EQ(written(Token{}, {{0, 8}}), refused_with(codes::kTokenCorrupt));
  token[8] ^= 1;
  EXPECT_EQ(written(token, {{0, 8}}), refused_with(codes::kTokenUnknown));
  EXPECT_EQ(bench.image(1).allocated(), 0U);
}

TEST_F(TokenCommands, AreOfNoUseToWhoDoesNotSeeTheSource) {
  const Token token = bench.token({{0, 8}}, {});
  bench.map("iqn.stranger", {{1, bench.shared_unit(1)}});
  const NexusId stranger = bench.open("iqn.stranger");
  EXPECT_EQ(bench.write(token, {{0, 8}}, {.nexus = stranger, .lun = 1}),
            refused_with(codes::kTokenUnknown));
  const NexusId friendly = bench.open();
  EXPECT_EQ(bench.write(token, {{0, 8}}, {.nexus = friendly, .lun = 1}), kGood)
      << "who holds a token and sees its unit may use it";
}

TEST_F(TokenCommands, OfAUnitThatWasTakenAwayAreOfNoUse) {
  const NexusId nexus = bench.open("iqn.mover");
  const auto image = memory_image(uint64_t{1} << 20);
  UnitOptions options;
  options.name = "moving";
  options.serial = "moving";
  auto moving = std::make_shared<LogicalUnit>(options, image);
  bench.map("iqn.mover", {{0, moving}, {1, bench.shared_unit(1)}});
  const To to{.nexus = nexus, .lun = 0};
  (void)bench.execute(Bytes{0, 0, 0, 0, 0, 0}, to);
  (void)bench.execute(Bytes{0, 0, 0, 0, 0, 0}, {.nexus = nexus, .lun = 1});
  const Token token = bench.token({{0, 8}}, to);
  ASSERT_EQ(bench.write(token, {{0, 8}}, {.nexus = nexus, .lun = 1}), kGood);
  bench.map("iqn.mover", {{1, bench.shared_unit(1)}});
  (void)bench.execute(Bytes{0, 0, 0, 0, 0, 0}, {.nexus = nexus, .lun = 1});
  const Ending ending = bench.write(token, {{0, 8}}, {.nexus = nexus, .lun = 1});
  EXPECT_EQ(ending.code.asc, 0x23);
}

TEST_F(TokenCommands, AreNotMadeOfReservedBlocks) {
  const NexusId other = bench.open();
  ASSERT_EQ(ending_of(*bench.execute({0x16, 0, 0, 0, 0, 0}, {.nexus = other})), kGood);
  EXPECT_EQ(populated({false, 0, {}, {{0, 8}}}).status, Status::reservation_conflict);
}

TEST_F(TokenCommands, ThatNeedTheirReservedBlocksWait) {
  CopyBench plain(units(false));
  const Token token = plain.token({{0, 8}}, {});
  const NexusId other = plain.open();
  ASSERT_EQ(ending_of(*plain.execute({0x16, 0, 0, 0, 0, 0}, {.nexus = other})), kGood);
  EXPECT_EQ(plain.write(token, {{0, 8}}, {.lun = 1}).status, Status::reservation_conflict);
}

TEST_F(TokenCommands, WithoutSpaceForThemSaySo) {
  bench.image(0).add({Op::create, ENOSPC});
  EXPECT_EQ(populated({false, 0, {}, {{0, 8}}}), refused_with(codes::kRodResources));
}

TEST_F(TokenCommands, WithoutSpaceForTheirBytesSaySoAndHowFarTheyCame) {
  const Token token = bench.token({{0, 16}}, {});
  bench.image(1).add({Op::clone, ENOSPC, 1});
  WriteUsingToken list;
  list.token = token;
  list.ranges = {{0, 8}, {100, 8}};
  const TaskPtr task = bench.write(list, 5, {.lun = 1});
  EXPECT_EQ(ending_of(*task), refused_with(codes::kNoSpace));
  EXPECT_EQ(task->outcome.sense.information, 8U);
}

TEST_F(TokenCommands, OntoAReadOnlyUnitAreRefused) {
  TargetBench::Options options = units(true);
  options.image.read_only = true;
  CopyBench other(options);
  EXPECT_EQ(other.write(zero_token(), {{0, 8}}, {}), refused_with(codes::kWriteProtected));
}

TEST_F(TokenCommands, ListNamesAreOfOneOperationAtATime) {
  const Token token = bench.token({{0, 16}}, {});
  WriteUsingToken list;
  list.token = token;
  list.ranges = {{0, 16}};
  bench.image(1).hold_copies(true);
  auto first = bench.start_write(list, 5, {.lun = 1});
  while (!bench.status(5, {.lun = 1})) std::this_thread::yield();
  EXPECT_EQ(ending_of(*bench.write(list, 5, {.lun = 1})),
            refused_with(codes::kOperationInProgress));
  EXPECT_TRUE(bench.information(5, {.lun = 1})->status.running());
  bench.image(1).hold_copies(false);
  EXPECT_EQ(ending_of(*first.wait()), kGood);
}

TEST_F(TokenCommands, RunInTheBackgroundToo) {
  PopulateToken list{true, 0, {}, {{0, 16}}};
  EXPECT_EQ(ending_of(*bench.populate(list, 9, {})), kGood);
  EXPECT_EQ(bench.ended(9, {}).state, OperationStatus::State::complete);
  const auto token = bench.information(9, {})->token;
  ASSERT_TRUE(token);
  WriteUsingToken use;
  use.immediate = true;
  use.token = *token;
  use.ranges = {{0, 16}};
  EXPECT_EQ(ending_of(*bench.write(use, 10, {.lun = 1})), kGood);
  EXPECT_EQ(bench.ended(10, {.lun = 1}).count, 16U);
  EXPECT_EQ(bench.bytes(1, 0, 16), bench.bytes(0, 0, 16));
}

TEST_F(TokenCommands, AreReportedToTheirInitiatorWithoutTheirSecret) {
  const Token token = bench.token({{0, 16}}, {});
  const TaskPtr mine = bench.receive(CopyIn::report_all_rod_tokens, 0, {});
  EXPECT_EQ(mine->data_in.view().copy(), encode_token_report({token}));
  const TaskPtr others = bench.receive(CopyIn::report_all_rod_tokens, 0, {.nexus = bench.open()});
  EXPECT_EQ(others->data_in.view().copy(), encode_token_report({}));
}

TEST_F(TokenCommands, OfUnitsWithOtherBlocksAreRefused) {
  const auto image = memory_image(uint64_t{1} << 20);
  UnitOptions options;
  options.name = "large";
  options.serial = "large blocks";
  options.block_length = 4096;
  const auto large = std::make_shared<LogicalUnit>(options, image);
  bench.map("iqn.mixed", {{0, bench.shared_unit(0)}, {1, large}});
  const NexusId nexus = bench.open("iqn.mixed");
  const Token token = bench.token({{0, 16}}, {});
  EXPECT_EQ(bench.write(token, {{0, 1}}, {.nexus = nexus, .lun = 1}),
            refused_with(codes::kTokenUnusable));
}

}  // namespace
}  // namespace libcopyfile::test
