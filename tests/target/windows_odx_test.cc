// What Windows looks at before and while it copies by token (classpnp.sys, as Microsoft publishes it): each of its checks by name.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>

#include "testing/target_copies.h"
#include "wire/sense_codes.h"
#include "wire/vpd.h"

namespace libcopyfile::test {
namespace {

using namespace target;
using namespace wire;

constexpr size_t kHead = 4;             // of a page
constexpr uint32_t kAllocation = 1024;  // of RECEIVE ROD TOKEN INFORMATION
constexpr size_t kMostSense = 18;

TargetBench::Options two_units() {
  TargetBench::Options options;
  options.units = 2;
  return options;
}

class Windows : public ::testing::Test {
 protected:
  Windows() : bench(two_units()) { bench.fill(0, 0, 8192, 1); }

  Bytes page(uint8_t code) {
    const TaskPtr task = bench.execute({0x12, 1, code, 0, 255, 0}, {}, 255);
    EXPECT_TRUE(task->outcome.ok());
    return task->data_in.view().copy();
  }
  // IMMED and RTV never, no time-out, list identifiers from one counter.
  Bytes offload_read(std::vector<BlockRange> ranges) {
    PopulateToken list;
    list.ranges = std::move(ranges);
    EXPECT_TRUE(bench.populate(list, ++list_id, {})->outcome.ok());
    return bench.receive(CopyIn::rod_token_information, list_id, {}, kAllocation)
        ->data_in.view()
        .copy();
  }

  CopyBench bench;
  uint32_t list_id = 0;
};

TEST_F(Windows, PagesAreAscendingFromZeroAndHaveThatOfCopies) {
  const Bytes pages = View(page(0x00)).from(kHead).copy();
  ASSERT_FALSE(pages.empty());
  EXPECT_EQ(pages.front(), 0);
  EXPECT_TRUE(std::is_sorted(pages.begin(), pages.end()));
  EXPECT_EQ(std::adjacent_find(pages.begin(), pages.end()), pages.end());
  for (const int needed : {0x8f, 0xb0, 0xb1, 0xb2}) {
    EXPECT_NE(std::find(pages.begin(), pages.end(), needed), pages.end()) << needed;
  }
}

TEST_F(Windows, ThePageOfCopiesBeginsWithTheLimitsOfTokens) {
  const Bytes bytes = page(0x8f);
  const View view(bytes);
  EXPECT_GE(view.be16(2), 36) << "PAGE LENGTH";
  EXPECT_EQ(view.be16(kHead), 0x0000) << "descriptor type";
  EXPECT_EQ(view.be16(kHead + 2), 0x0020) << "descriptor length";
}

TEST_F(Windows, TheLimitsOfTokensMakeSense) {
  const Bytes bytes = page(0x8f);
  const View limits = View(bytes).from(kHead);
  EXPECT_EQ(limits.be16(10), 64) << "ranges: it uses no more";
  EXPECT_EQ(limits.be32(12), 600U) << "most inactivity";
  EXPECT_EQ(limits.be32(16), 60U) << "default inactivity";
  EXPECT_GT(limits.be64(20), 0U);
  EXPECT_LE(limits.be64(28), limits.be64(20)) << "optimal is not more than most";
}

TEST_F(Windows, ThePageOfCopiesIsOneThatInitiatorsCanRead) {
  const TaskPtr task = bench.execute({0x12, 1, 0x8f, 4, 0, 0}, {}, 1024);
  const auto page = decode_third_party_copy(task->data_in.view());
  ASSERT_TRUE(page);
  EXPECT_EQ(*page, bench.device().copies().page_for(bench.unit()));
  EXPECT_TRUE(page->supports(0x83, 0x10));
  EXPECT_TRUE(page->supports(0x83, 0x11));
  EXPECT_TRUE(page->supports(0x84, 0x07));
}

TEST_F(Windows, EveryCommandThatIsAnnouncedIsThere) {
  for (const SupportedCommand& command : bench.device().copies().page_for(bench.unit()).commands) {
    for (const uint8_t action : command.service_actions) {
      bool known = false;
      Bytes cdb(16);
      cdb[0] = command.opcode;
      cdb[1] = action;
      EXPECT_NE(find_command(cdb, known), nullptr) << int{command.opcode} << "/" << int{action};
    }
  }
}

TEST_F(Windows, OffloadReadIsAnsweredAsItDemands) {
  const Bytes bytes = offload_read({{0, 100}, {1000, 28}});
  const View answer(bytes);
  EXPECT_EQ(answer.u8(4) & 0x1f, 0x10) << "response to service action";
  EXPECT_EQ(answer.u8(5), 0x01) << "copy operation status";
  EXPECT_EQ(answer.be32(8), 0U) << "estimated status update delay";
  EXPECT_LE(answer.u8(13), kMostSense) << "length of the field for sense data";
  EXPECT_EQ(answer.u8(14), 0) << "length of sense data";
  EXPECT_EQ(answer.u8(15), 0xf1) << "transfer count in blocks";
  EXPECT_EQ(answer.be64(16), 128U) << "transfer count: all that was asked for";
  EXPECT_EQ(answer.be16(24), 0) << "segments processed";
  const size_t at = 32 + size_t{answer.u8(13)};
  EXPECT_EQ(answer.be32(at), 514U) << "length of token descriptors";
  EXPECT_EQ(answer.be16(at + 4), 0) << "identifier of the token descriptor";
  EXPECT_EQ(answer.size(), at + 4 + 514);
  EXPECT_EQ(answer.be32(0), answer.size() - 4) << "available data";
  EXPECT_EQ(answer.be16(at + 6 + 6), 0x01f8) << "length of the token";
}

TEST_F(Windows, AnOffloadReadThatFailsHasNoCountAndNoToken) {
  bench.image(0).add({Op::read, EIO});
  PopulateToken list;
  list.ranges = {{0, 8}};
  EXPECT_FALSE(bench.populate(list, 1, {})->outcome.ok());
  const auto answer = bench.information(1, {});
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status.state, OperationStatus::State::error);
  EXPECT_EQ(answer->status.count, 0U);
  EXPECT_FALSE(answer->token);
}

TEST_F(Windows, OffloadWriteIsDoneInOneCommand) {
  const Bytes bytes = offload_read({{0, 4096}});
  const auto information = decode_token_information(bytes);
  ASSERT_TRUE(information && information->token);
  WriteUsingToken list;
  list.token = *information->token;
  list.ranges = {{4096, 2048}, {0, 2048}};
  const TaskPtr task = bench.write(list, ++list_id, {.lun = 1});
  EXPECT_EQ(task->outcome.status, Status::good);
  EXPECT_EQ(bench.bytes(1, 4096, 2048), bench.bytes(0, 0, 2048));
  EXPECT_EQ(bench.bytes(1, 0, 2048), bench.bytes(0, 2048, 2048));
}

TEST_F(Windows, SenseDataOfAnOffloadWriteIsNoLongerThanItReads) {
  const auto information = decode_token_information(offload_read({{0, 16}}));
  ASSERT_TRUE(information && information->token);
  WriteUsingToken list;
  list.token = *information->token;
  list.ranges = {{0, 16}};
  for (const int error : {EIO, ENOSPC}) {
    bench.image(1).add({Op::clone, error});
    const TaskPtr task = bench.write(list, ++list_id, {.lun = 1});
    EXPECT_EQ(task->outcome.status, Status::check_condition);
    EXPECT_LE(encode_fixed_sense(task->outcome.sense).size(), kMostSense);
    EXPECT_LE(bench.information(list_id, {.lun = 1})->status.sense.size(), kMostSense);
  }
}

TEST_F(Windows, AShortOffloadWriteTellsItsBlocksInFixedSenseData) {
  const auto information = decode_token_information(offload_read({{0, 16}}));
  ASSERT_TRUE(information && information->token);
  WriteUsingToken list;
  list.token = *information->token;
  list.ranges = {{0, 32}};
  const TaskPtr task = bench.write(list, ++list_id, {.lun = 1});
  const Bytes sense = encode_fixed_sense(task->outcome.sense);
  EXPECT_EQ(sense[0], 0xf0) << "VALID";
  EXPECT_EQ(sense[2], 0x0a);
  EXPECT_EQ(sense[12], 0x0d);
  EXPECT_EQ(sense[13], 0x04);
  EXPECT_EQ(View(sense).be32(3), 16U);
}

// It gives an offload write 4 s, and goes on behind what was written by then.
TEST_F(Windows, AnOffloadWriteThatMovesBytesEndsInTimeAndIsContinued) {
  TargetBench::Options options = two_units();
  options.device.copy.token_write_seconds = 1;
  CopyBench slow(options);
  slow.fill(0, 0, 131072, 1);
  const Token token = slow.token({{0, 131072}}, {});
  slow.image(1).slow_copies(20);
  uint64_t written = 0;
  unsigned commands = 0;
  while (written < 131072) {
    WriteUsingToken list;
    list.token = token;
    list.offset = written;
    list.ranges = {{written, static_cast<uint32_t>(131072 - written)}};
    const auto begun = std::chrono::steady_clock::now();
    const TaskPtr task = slow.write(list, ++list_id, {.lun = 1});
    EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(3)) << "1 and a bit";
    ++commands;
    if (task->outcome.ok()) break;
    EXPECT_EQ(ending_of(*task), refused_with(codes::kUnderrun));
    const auto blocks = task->outcome.sense.information;
    ASSERT_TRUE(blocks && *blocks > 0 && *blocks < 131072 - written);
    EXPECT_LE(encode_fixed_sense(task->outcome.sense).size(), kMostSense);
    const auto answer = slow.information(list_id, {.lun = 1});
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status.state, OperationStatus::State::complete_with_residual);
    EXPECT_EQ(answer->status.count, *blocks);
    EXPECT_EQ(slow.bytes(1, written, *blocks), slow.bytes(0, written, *blocks));
    written += *blocks;
  }
  EXPECT_GT(commands, 1U) << "1.3 s do not fit";
  EXPECT_EQ(slow.bytes(1, 0, 131072), slow.bytes(0, 0, 131072));
}

TEST_F(Windows, WhatRunsInTheBackgroundHasAllTheTimeItNeeds) {
  TargetBench::Options options = two_units();
  options.device.copy.token_write_seconds = 0.01;
  CopyBench slow(options);
  slow.fill(0, 0, 8192, 1);
  WriteUsingToken list;
  list.immediate = true;
  list.token = slow.token({{0, 8192}}, {});
  list.ranges = {{0, 8192}};
  slow.image(1).slow_copies(20);
  EXPECT_TRUE(slow.write(list, 7, {.lun = 1})->outcome.ok());
  EXPECT_EQ(slow.ended(7, {.lun = 1}).state, OperationStatus::State::complete);
  EXPECT_EQ(slow.bytes(1, 0, 8192), slow.bytes(0, 0, 8192));
}

TEST_F(Windows, FixedDisksAreZeroedByTheTokenOfZeros) {
  bench.fill(1, 0, 131072, 7);
  WriteUsingToken list;
  list.token = zero_token();
  list.ranges = {{0, 131072}};
  EXPECT_TRUE(bench.write(list, ++list_id, {.lun = 1})->outcome.ok());
  EXPECT_EQ(bench.image(1).allocated(), 0U);
}

}  // namespace
}  // namespace libcopyfile::test
