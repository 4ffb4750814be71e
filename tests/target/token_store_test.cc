#include <gtest/gtest.h>

#include <set>

#include "target/tokens.h"
#include "wire/sense_codes.h"

namespace libcopyfile::test {
namespace {

using namespace target;
using namespace wire;
using namespace std::chrono_literals;

std::shared_ptr<Rod> rod_of(std::vector<Range> parts, RodType type = RodType::point_in_time) {
  return std::make_shared<Rod>(type, nullptr, nullptr, std::move(parts));
}

class Tokens : public ::testing::Test {
 protected:
  Token make(std::chrono::seconds timeout = 60s, std::shared_ptr<Rod> rod = rod_of({{0, 4096}})) {
    const auto token = store.add(std::move(rod), "iqn.a", timeout);
    EXPECT_TRUE(token);
    return token.value_or(Token{});
  }
  // 0/00/00: it may be used.
  SenseCode tried(const Token& token) {
    const auto use = store.use(token);
    return use ? SenseCode{} : use.error();
  }

  TokenStore::Clock::time_point now{1000s};
  TokenStore store{{"iqn.2026-01.example:target", 3, UINT64_MAX, [this] { return now; }}};
};

TEST_F(Tokens, StandForWhatTheyWereMadeOf) {
  const auto rod = rod_of({{0, 4096}});
  const Token token = make(60s, rod);
  const auto use = store.use(token);
  ASSERT_TRUE(use);
  EXPECT_EQ(use->rod(), rod);
}

TEST_F(Tokens, HaveTheFormOfTheStandard) {
  const Token token = make(60s, rod_of({{0, 4096}, {8192, 8704}}));
  const View view(token);
  EXPECT_EQ(view.be32(0), 0x00800000U);
  EXPECT_EQ(view.be16(6), 0x01f8);
  EXPECT_EQ(view.be64(48), 0U);
  EXPECT_EQ(view.be64(56), 4608U) << "number of bytes represented";
  EXPECT_EQ(view.u8(128), 3) << "UTF-8";
  EXPECT_EQ(view.u8(129), 0x28) << "the device's SCSI name";
  const auto name = view.part(132, view.u8(131)).span();
  EXPECT_EQ(std::string(name.begin(), name.end()), "iqn.2026-01.example:target");
}

TEST_F(Tokens, OfTheSameBytesHaveNothingSecretInCommon) {
  std::set<Bytes> ids;
  std::set<Bytes> secrets;
  for (int i = 0; i < 3; ++i) {
    const Token token = make();
    ids.insert(View(token).part(8, 8).copy());
    secrets.insert(View(token).part(384, 64).copy());
  }
  EXPECT_EQ(ids.size(), 3U);
  EXPECT_EQ(secrets.size(), 3U);
}

TEST_F(Tokens, ALongNameOfTheTargetLeavesTheSecretWhole) {
  TokenStore other({std::string(300, 'n'), 3, UINT64_MAX, [this] { return now; }});
  const auto token = other.add(rod_of({{0, 512}}), "iqn.a", 60s);
  ASSERT_TRUE(token);
  const auto secret = View(*token).part(384, 64).copy();
  EXPECT_GT(std::set<uint8_t>(secret.begin(), secret.end()).size(), 16U);
}

TEST_F(Tokens, AreUnknownToAnotherTarget) {
  TokenStore other({"iqn.other", 3, UINT64_MAX, [this] { return now; }});
  const auto use = other.use(make());
  ASSERT_FALSE(use);
  EXPECT_EQ(use.error(), codes::kTokenUnknown);
}

TEST_F(Tokens, AreRefusedWithAnyBitChanged) {
  const Token token = make();
  for (size_t byte = 0; byte < kTokenSize; ++byte) {
    Token forged = token;
    forged[byte] ^= 0x10;
    const SenseCode code = tried(forged);
    // Who changes the identifier names another token.
    EXPECT_EQ(code, byte >= 8 && byte < 16 ? codes::kTokenUnknown : codes::kTokenCorrupt) << byte;
  }
  EXPECT_EQ(tried(token), SenseCode{});
}

TEST_F(Tokens, ExpireWithoutUseAndSaySo) {
  const Token token = make(60s);
  now += 59s;
  EXPECT_EQ(tried(token), SenseCode{});
  now += 59s;
  EXPECT_EQ(tried(token), SenseCode{}) << "each use begins the time anew";
  now += 60s;
  EXPECT_EQ(tried(token), codes::kTokenExpired);
  EXPECT_EQ(store.count(), 0U);
}

TEST_F(Tokens, DontExpireWhileTheyAreUsed) {
  const Token token = make(60s);
  {
    const auto use = store.use(token);
    ASSERT_TRUE(use);
    now += 600s;
    store.expire();
    EXPECT_EQ(tried(token), SenseCode{});
  }
  now += 59s;
  EXPECT_EQ(tried(token), SenseCode{}) << "the time begins when the use ends";
}

TEST_F(Tokens, FreeWhatTheyHoldWhenTheyExpire) {
  auto rod = rod_of({{0, 4096}});
  const std::weak_ptr<Rod> watched = rod;
  make(60s, std::move(rod));
  EXPECT_EQ(store.expire(), now + 60s);
  EXPECT_FALSE(watched.expired());
  now += 60s;
  EXPECT_EQ(store.expire(), TokenStore::Clock::time_point::max());
  EXPECT_TRUE(watched.expired());
}

TEST_F(Tokens, ThatWereDeletedSaySo) {
  const Token token = make();
  store.remove(token);
  EXPECT_EQ(tried(token), codes::kTokenDeleted);
}

TEST_F(Tokens, AreDeletedByTheirHolderOnly) {
  const Token token = make();
  Token forged = token;
  forged[400] ^= 1;
  store.remove(forged);
  EXPECT_EQ(tried(token), SenseCode{});
}

TEST_F(Tokens, ThatAreGoneTellStrangersNothing) {
  const Token token = make();
  store.remove(token);
  Token forged = token;
  forged[400] ^= 1;
  EXPECT_EQ(tried(forged), codes::kTokenCorrupt);
}

TEST_F(Tokens, ThatWereRevokedSaySo) {
  const auto rod = rod_of({{4096, 8192}}, RodType::access_on_reference);
  const Token token = make(60s, rod);
  rod->written({0, 4096});
  rod->written({8192, 12288});
  EXPECT_EQ(tried(token), SenseCode{});
  rod->written({8191, 8192});
  EXPECT_EQ(tried(token), codes::kTokenRevoked);
}

TEST_F(Tokens, AreBoundedForEachInitiator) {
  for (int i = 0; i < 3; ++i) make();
  EXPECT_FALSE(store.has_room("iqn.a", 512));
  const auto one_more = store.add(rod_of({{0, 512}}), "iqn.a", 60s);
  ASSERT_FALSE(one_more);
  EXPECT_EQ(one_more.error(), codes::kTokenResources);
  EXPECT_TRUE(store.add(rod_of({{0, 512}}), "iqn.b", 60s)) << "nobody else suffers";
  now += 60s;
  EXPECT_TRUE(store.has_room("iqn.a", 512)) << "those that expired don't count";
}

TEST_F(Tokens, StandForSoManyBytesOfAnInitiator) {
  TokenStore small{{"iqn.2026-01.example:target", 3, 8192, [this] { return now; }}};
  ASSERT_TRUE(small.add(rod_of({{0, 4096}}), "iqn.a", 60s));
  EXPECT_TRUE(small.has_room("iqn.a", 4096));
  EXPECT_FALSE(small.has_room("iqn.a", 4097));
  EXPECT_FALSE(small.has_room("iqn.a", UINT64_MAX));
  const auto too_much = small.add(rod_of({{0, 4608}}), "iqn.a", 60s);
  ASSERT_FALSE(too_much);
  EXPECT_EQ(too_much.error(), codes::kTokenResources);
  EXPECT_TRUE(small.add(rod_of({{0, 4608}}), "iqn.b", 60s)) << "nobody else suffers";
  now += 60s;
  EXPECT_TRUE(small.has_room("iqn.a", 8192)) << "those that expired don't count";
}

TEST_F(Tokens, AreListedForTheirInitiatorOnly) {
  const Token token = make();
  ASSERT_TRUE(store.add(rod_of({{0, 512}}), "iqn.b", 60s));
  EXPECT_EQ(store.of("iqn.a"), std::vector<Token>{token});
  EXPECT_EQ(store.made(), 2U);
}

TEST(Rod, FindsItsBytes) {
  const auto rod = rod_of({{1000, 1100}, {0, 50}, {2000, 2300}});
  EXPECT_EQ(rod->length(), 450U);
  EXPECT_EQ(rod->parts(0, 450), (std::vector<Range>{{1000, 1100}, {0, 50}, {2000, 2300}}));
  EXPECT_EQ(rod->parts(90, 80), (std::vector<Range>{{1090, 1100}, {0, 50}, {2000, 2020}}));
  EXPECT_EQ(rod->parts(100, 50), (std::vector<Range>{{0, 50}}));
  EXPECT_EQ(rod->parts(449, 1), (std::vector<Range>{{2299, 2300}}));
  EXPECT_TRUE(rod->parts(450, 0).empty());
}

}  // namespace
}  // namespace libcopyfile::test
